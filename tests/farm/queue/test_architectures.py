"""Hints follow dpkg's wildcards."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.queue.architectures import architecture_table, wanted

CPUS = "# name gnu regex bits endian\namd64 x86_64 x 64 little\ni386 i686 x 32 little\narm arm x 32 little\n"
TUPLES = """
eabihf-gnu-linux-arm\tarmhf
eabi-gnu-linux-arm\tarmel
base-musl-linux-<cpu>\tmusl-linux-<cpu>
x32-gnu-linux-amd64\tx32
base-gnu-linux-<cpu>\t<cpu>
base-gnu-kfreebsd-<cpu>\tkfreebsd-<cpu>
base-gnu-hurd-<cpu>\thurd-<cpu>
"""
TABLE = architecture_table(CPUS, TUPLES)
TAGS = ("amd64", "armhf", "hurd-i386", "i386", "kfreebsd-amd64", "lpia", "musl-linux-amd64", "x32")
HINTS = {
    "any": TAGS,
    "all": ("i386",),
    "any all": TAGS,
    "amd64 armhf": ("amd64", "armhf"),
    "amd64 all": ("amd64", "i386"),
    "sparc": (),
    "": (),
    "linux-any": ("amd64", "armhf", "i386", "lpia", "musl-linux-amd64", "x32"),
    "any-amd64": ("amd64", "kfreebsd-amd64", "musl-linux-amd64", "x32"),
    "any-arm": ("armhf",),
    "linux-i386": ("i386",),
    "linux-lpia": ("lpia",),
    "any-lpia": ("lpia",),
    "hurd-any": ("hurd-i386",),
    "kfreebsd-any hurd-i386": ("hurd-i386", "kfreebsd-amd64"),
    "gnu-any-any": ("amd64", "armhf", "hurd-i386", "i386", "kfreebsd-amd64", "lpia", "x32"),
    "musl-any-any": ("musl-linux-amd64",),
    "eabihf-any-any-any": ("armhf",),
    "any-any": TAGS,
    "manyany": (),
    "i386-any": (),
}


class HintTests(SynchronousTestCase):
    def test_words_and_wildcards(self):
        for hint, tags in HINTS.items():
            self.assertEqual((hint, set(tags)), (hint, wanted(hint, TAGS, "i386", TABLE)))

    def test_what_is_for_all_is_built_nowhere_without_a_nominated_architecture(self):
        self.assertEqual({"amd64"}, wanted("all amd64", TAGS, None, TABLE))
        self.assertEqual(set(), wanted("all", TAGS, "sparc", TABLE))

    @given(st.lists(st.sampled_from(sorted(HINTS))), st.sets(st.sampled_from(TAGS)))
    def test_a_hint_wants_what_its_words_want_and_only_what_there_is(self, hints, tags):
        together = wanted(" ".join(hints), tags, "i386", TABLE)
        self.assertEqual(frozenset().union(*(wanted(hint, tags, "i386", TABLE) for hint in hints)), together)
        self.assertLessEqual(together, tags)

    @given(st.text(), st.sets(st.text(min_size=1)))
    def test_nonsense_is_never_an_error(self, hint, tags):
        self.assertLessEqual(wanted(hint, tags, None, TABLE), tags)

    def test_the_first_line_of_the_table_on_a_tag_counts(self):
        table = architecture_table("arm x\n", "special-gnu-linux-arm arm\nbase-gnu-linux-<cpu> <cpu>\n")
        self.assertEqual(("special", "gnu", "linux", "arm"), table.parts["arm"])
