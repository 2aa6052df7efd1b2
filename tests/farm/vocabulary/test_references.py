"""References are read, written back the same, and refused with what they should look like."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.vocabulary.archives import Pocket, Purpose
from buildmaster.farm.vocabulary.references import (
    ArchitectureReference,
    ArchiveReference,
    BadReferenceError,
    SeriesReference,
    SuiteReference,
    check_series_name,
    parse_architecture,
    parse_archive,
    parse_series,
    parse_suite,
    unknown,
)

NAMES = st.from_regex(r"[a-z0-9][a-z0-9+.]{0,8}", fullmatch=True)
ARCHIVES = {
    "ubuntu": (ArchiveReference("ubuntu", "primary"), Purpose.PRIMARY, True),
    "ubuntu/primary": (ArchiveReference("ubuntu", "primary"), Purpose.PRIMARY, True),
    "ubuntu/partner": (ArchiveReference("ubuntu", "partner"), Purpose.PARTNER, True),
    "ubuntu/again": (ArchiveReference("ubuntu", "again"), Purpose.REBUILD, True),
    "~cprov/ubuntu/ppa": (ArchiveReference("ubuntu", "ppa", "cprov"), Purpose.PPA, False),
}
SUITES = {
    "hoary": SuiteReference("hoary", Pocket.RELEASE),
    "hoary-security": SuiteReference("hoary", Pocket.SECURITY),
    "hoary-updates": SuiteReference("hoary", Pocket.UPDATES),
    "hoary-proposed": SuiteReference("hoary", Pocket.PROPOSED),
    "hoary-backports": SuiteReference("hoary", Pocket.BACKPORTS),
    "sid-ish": SuiteReference("sid-ish", Pocket.RELEASE),
}
WRONG = {
    parse_archive: [
        "",
        "/",
        "ubuntu/",
        "a/b/c",
        "~cprov",
        "~cprov/ubuntu",
        "~/ubuntu/ppa",
        "Ubuntu",
        "~a/b/c/d",
        "a b",
    ],
    parse_series: ["", "hoary", "ubuntu/hoary/i386", "ubuntu/", "ubuntu/../x"],
    parse_architecture: ["", "ubuntu/hoary", "ubuntu/hoary/", "a/b/c/d"],
    parse_suite: ["", "-security", "Hoary", "ho/ary"],
}


class ReferenceTests(SynchronousTestCase):
    def test_an_archives_form_says_what_it_is_for(self):
        found = {text: parse_archive(text) for text in ARCHIVES}
        self.assertEqual(ARCHIVES, {text: (ref, ref.purpose, ref.trusted) for text, ref in found.items()})

    def test_a_suite_is_a_series_and_a_pocket(self):
        self.assertEqual(SUITES, {text: parse_suite(text) for text in SUITES})

    def test_series_and_architectures_are_paths(self):
        self.assertEqual(SeriesReference("ubuntu", "hoary"), parse_series("ubuntu/hoary"))
        self.assertEqual(ArchitectureReference("ubuntu", "hoary", "i386"), parse_architecture("ubuntu/hoary/i386"))

    def test_what_is_misshapen_is_refused(self):
        for parse, texts in WRONG.items():
            for text in texts:
                self.assertRaises(BadReferenceError, parse, text)

    def test_the_refusal_shows_the_right_form(self):
        error = self.assertRaises(BadReferenceError, parse_archive, "~cprov/ubuntu")
        self.assertEqual("'~cprov/ubuntu' names no archive: write it like ~cprov/ubuntu/ppa", str(error))

    def test_each_refusal_says_what_it_was_to_name(self):
        table = {
            (
                parse_archive,
                "a/b/c",
            ): "'a/b/c' names no archive: write it like ubuntu, ubuntu/partner or ~cprov/ubuntu/ppa",
            (parse_archive, "A/b"): "'A' can't be the name of a archive",
            (parse_archive, "a/B"): "'B' can't be the name of a archive",
            (parse_series, "hoary"): "'hoary' names no series: write it like ubuntu/hoary",
            (parse_series, "A/b"): "'A' can't be the name of a series",
            (parse_architecture, "a/b"): "'a/b' names no architecture: write it like ubuntu/hoary/i386",
            (parse_architecture, "a/b/C"): "'C' can't be the name of a architecture",
            (parse_suite, "Hoary"): "'Hoary' can't be the name of a suite",
            (parse_suite, "Hoary-updates"): "'Hoary' can't be the name of a suite",
        }
        for (parse, text), reason in table.items():
            told = str(self.assertRaises(BadReferenceError, parse, text))
            self.assertEqual(reason, told.partition(": use small letters")[0])

    def test_a_series_may_not_be_named_like_a_suite(self):
        error = self.assertRaises(BadReferenceError, check_series_name, "hoary-updates")
        self.assertEqual("'hoary-updates' can't be the name of a series: it ends like a pocket's suite", str(error))
        self.assertEqual("hoary", check_series_name("hoary"))

    @given(NAMES, NAMES, NAMES, st.sampled_from(Pocket))
    def test_what_is_written_is_read_back(self, first, second, third, pocket):
        for parse, reference in (
            (parse_archive, ArchiveReference(first, second, third)),
            (parse_archive, ArchiveReference(first, second)),
            (parse_architecture, ArchitectureReference(first, second, third)),
            (parse_series, SeriesReference(first, second)),
            (parse_suite, SuiteReference(first, pocket)),
        ):
            self.assertEqual(reference, parse(str(reference)))

    def test_an_unknown_name_names_the_nearest(self):
        self.assertEqual(
            "there is no series hoarry (did you mean hoary?); add it",
            str(unknown("series", "hoarry", ["warty", "hoary"], "add it")),
        )
        self.assertEqual(
            "there is no series hoarry in ubuntu (did you mean hoary?); add it",
            str(unknown("series", "hoarry", ["hoary"], "add it", inside="ubuntu")),
        )

    def test_with_nothing_near_the_first_known_are_listed(self):
        self.assertEqual(
            "there is no series xyz (known: 0, 1, 2, 3, 4, 5, 6, 7, ...); add it",
            str(unknown("series", "xyz", [str(number) for number in range(9)], "add it")),
        )
        self.assertEqual(
            "there is no series xyz (known: 0, 1, 2, 3, 4, 5, 6, 7); add it",
            str(unknown("series", "xyz", [str(number) for number in range(8)], "add it")),
        )
        self.assertEqual("there is no series xyz; add it", str(unknown("series", "xyz", [], "add it")))
