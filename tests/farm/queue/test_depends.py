"""Relations are read and compared as dpkg does, and what came sends builds back to the queue."""

import itertools
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.queue.architectures import architecture_table
from buildmaster.farm.queue.depends import (
    OPERATORS,
    Relation,
    RelationError,
    Release,
    Remain,
    Wait,
    judge_wait,
    names,
    parse_relations,
    provided,
    still_missing,
    version_holds,
)
from tests.support.rows import NOW

TABLE = architecture_table(
    "amd64 x\ni386 x\n",
    "base-gnu-linux-<cpu> <cpu>\nbase-gnu-hurd-<cpu> hurd-<cpu>\n",
)
OFFERS = {"cpp": ["4:4.0-1"], "gcc": ["1.0", "2.0~rc1"], "mail-agent": [None], "awk": ["1.5", None], "perl:any": ["5"]}
STILL_MISSING = {
    "": "",
    "cpp": "",
    "cpp,": "",
    "cpp (>= 4:4.0)": "",
    "cpp (>= 5)": "",  # the epoch
    "cpp (<< 4:4.0)": "cpp (<< 4:4.0)",
    "cpp (= 4:4.0-1)": "",
    "cpp (>> 4:4.0-1)": "cpp (>> 4:4.0-1)",
    "cpp (<= 4:4.0-1), nothing": "nothing",
    "gcc (>= 2.0)": "gcc (>= 2.0)",
    "gcc (>> 1.0)": "",
    "nothing | cpp": "",
    "nothing (>= 1) | never": "nothing (>= 1) | never",
    "nothing | cpp (= 1), gcc, never": "nothing | cpp (= 1), never",
    "mail-agent": "",
    "mail-agent (>= 1)": "mail-agent (>= 1)",
    "awk (= 1.5)": "",
    "nothing [amd64]": "",
    "nothing [i386]": "nothing",
    "nothing [!i386]": "",
    "nothing [linux-any]": "nothing",
    "nothing [!linux-any]": "",
    "nothing [hurd-any amd64]": "",
    "nothing <nocheck>": "",
    "nothing <!nocheck>": "nothing",
    "nothing <!nocheck !stage1>": "nothing",
    "nothing <nocheck> <!stage1>": "nothing",
    "nothing [amd64] | never [i386]": "never",
    "cpp:any": "",
    "cpp:native": "",
    "cpp:i386": "",
    "cpp:amd64": "cpp",
    "nothing  ( >=1 ) [ i386 ]  <!cross>": "nothing (>= 1)",
}
NONSENSE = ["(>= 1)", "a b", "cpp (1)", "cpp (== 1)", "cpp (>= a:1)", "cpp | | gcc", "cpp, , gcc", "Ünicode", "cpp ()"]

versions = st.from_regex(r"\A([0-9]:)?[0-9][0-9a-c.+~]{0,4}(-[0-9a-c.~]{1,2})?\Z")
package_names = st.sampled_from(["cpp", "gcc", "awk", "nothing"])
relations = st.builds(
    "{} ({} {})".format,
    package_names,
    st.sampled_from(["<<", "<=", "=", ">=", ">>"]),
    versions,
)
lines = st.lists(st.lists(relations | package_names, min_size=1).map(" | ".join)).map(", ".join)


class RelationTests(SynchronousTestCase):
    def test_what_is_still_missing(self):
        for line, expected in STILL_MISSING.items():
            self.assertEqual((line, expected), (line, still_missing(line, OFFERS, "i386", TABLE)))

    def test_profiles_decide_on_what_counts(self):
        profiles = frozenset({"nocheck"})
        self.assertEqual("", still_missing("nothing <!nocheck>", {}, "i386", TABLE, profiles))
        self.assertEqual("nothing", still_missing("nothing <nocheck>", {}, "i386", TABLE, profiles))

    def test_nonsense_is_refused(self):
        for line in NONSENSE:
            self.assertRaises(RelationError, parse_relations, line)

    @given(st.text())
    def test_any_text_is_read_or_refused(self, text):
        try:
            groups = parse_relations(text)
        except RelationError:
            self.assertEqual(frozenset(), names(text))
        else:
            self.assertTrue(all(groups))

    @given(lines)
    def test_what_is_missing_is_a_line_of_which_all_is_missing(self, line):
        missing = still_missing(line, OFFERS, "i386", TABLE)
        self.assertEqual(missing, still_missing(missing, OFFERS, "i386", TABLE))
        self.assertLessEqual(names(missing), names(line))

    @given(lines)
    def test_more_on_offer_is_never_worse(self, line):
        more = OFFERS | {"nothing": ["1"]}
        few, many = (parse_relations(still_missing(line, offers, "i386", TABLE)) for offers in (more, OFFERS))
        self.assertLessEqual(set(few), set(many))

    def test_all_parts_are_read(self):
        self.assertEqual(
            ((Relation("a", ">=", "1", "any", ((True, "i386"), (False, "hurd-any")), (((False, "nocheck"),),)),),),
            parse_relations("a:any (>= 1) [i386 !hurd-any] <!nocheck>"),
        )

    def test_provides(self):
        self.assertEqual([("awk", None), ("mail", "2")], list(provided("awk, mail (= 2)")))
        self.assertEqual([("mail", None)], list(provided("mail (>= 2)")))
        self.assertEqual([], list(provided("(nonsense")))


class VersionTests(SynchronousTestCase):
    def test_as_dpkg_compares(self):
        ordered = [
            "0~",
            "0",
            "1~~",
            "1~~a",
            "1~",
            "1",
            "1a",
            "1.0",
            "1.0-0.1",
            "1.0-1",
            "1.0-10",
            "1.0+b1",
            "0:2",
            "1:0",
        ]
        for older, newer in itertools.pairwise(ordered):
            self.assertTrue(version_holds(older, "<<", newer), (older, newer))
        self.assertTrue(version_holds("1.0", "=", "0:1.0-0"))

    @given(versions, versions)
    def test_one_of_three(self, one, other):
        self.assertEqual(1, sum(version_holds(one, operator, other) for operator in ("<<", "=", ">>")))
        for operator, mirror in (("<<", ">>"), ("<=", ">="), ("=", "="), ("<", ">")):
            self.assertEqual(version_holds(one, operator, other), version_holds(other, mirror, one))

    @given(versions, st.sampled_from(sorted(OPERATORS)))
    def test_a_version_to_itself(self, version, operator):
        self.assertEqual(operator not in {"<<", ">>"}, version_holds(version, operator, version))


class JudgeTests(SynchronousTestCase):
    def wait(self, line="cpp", retries=0):
        return Wait(1, line, "i386", NOW, retries)

    def judge(self, wait, offers=OFFERS, newer=(), minutes=0.0):
        return judge_wait(wait, offers, newer, TABLE, NOW + timedelta(minutes=minutes))

    def test_waits_for_what_is_missing(self):
        self.assertEqual(Remain("nothing"), self.judge(self.wait("cpp, nothing", retries=1)))

    def test_goes_back_when_nothing_is_missing(self):
        self.assertEqual(Release("cpp is there now", 1), self.judge(self.wait()))

    def test_goes_back_when_it_names_nothing(self):
        self.assertEqual(Release("no dependency is named", 1), self.judge(self.wait("")))

    def test_waits_for_its_own_architecture_alone(self):
        self.assertEqual(Remain("nothing"), self.judge(self.wait("nothing [linux-any], gone [amd64]")))

    def test_keeps_its_count_while_nobody_knows(self):
        self.assertEqual(Remain("cpp", 1), self.judge(self.wait(retries=1), None, minutes=59))
        self.assertEqual(1, self.judge(self.wait(retries=1), None, minutes=60).retries)

    def test_goes_back_only_once_while_nothing_changes(self):
        note = "its slave said twice that this is missing, but it is there"
        self.assertEqual(Remain("cpp", 1, note), self.judge(self.wait(retries=1)))
        self.assertEqual(Remain("cpp", 1, note), self.judge(self.wait(retries=1), newer=["gcc"]))

    def test_goes_back_again_when_what_it_names_is_newer(self):
        self.assertEqual(Release("cpp is there now", 2), self.judge(self.wait(retries=1), newer=["cpp"]))

    def test_is_tried_hourly_while_nobody_knows(self):
        self.assertEqual(Remain("cpp"), self.judge(self.wait(), None, minutes=59))
        reason = "nobody knows what its archives hold, so it is tried again hourly"
        self.assertEqual(Release(reason, 0), self.judge(self.wait(), None, minutes=60))

    def test_a_line_that_can_not_be_read_sets_the_build_aside(self):
        self.assertEqual(
            Remain("(>= 1)", 0, "its dependencies can't be read: '(>= 1)' is no relation"),
            self.judge(self.wait("(>= 1)")),
        )
