"""Hints follow dpkg's wildcards, and Packages-arch-specific restricts what it names."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.queue.architectures import architecture_table, permitted, read_arch_specific, wanted
from buildmaster.files.dpkgtables import dpkg_tables

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
PAS = """
# a comment
%only-i386: i386   # and why
%nowhere-on-arm: !armhf
%linux: linux-any
%mixed: i386 !amd64
tool: amd64
%empty:
this line says nothing
%tool-src: i386
"""


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


class DpkgTests(SynchronousTestCase):
    """Our reading of dpkg's tables, against what `dpkg-architecture -L -W` prints."""

    def test_agrees_with_dpkg(self):
        table = dpkg_tables()
        for word, tags in {
            "any-arm": "uclinux-armel armel armhf",
            "gnu-any-any": "amd64 arm64 armhf hurd-i386 kfreebsd-amd64 x32",
            "any-powerpc": "powerpc powerpcspe hurd-powerpc",
            "musl-any-any": "musl-linux-armhf musl-linux-riscv64",
            "any-amd64": "x32 uclibc-linux-amd64 kfreebsd-amd64",
        }.items():
            self.assertEqual([], [tag for tag in tags.split() if not table.covers(word, tag)])
        self.assertFalse(table.covers("any-arm", "armeb"))
        self.assertFalse(table.covers("linux-any", "hurd-i386"))
        self.assertEqual(("abi64", "gnu", "linux", "mips64el"), table.parts["mips64el"])

    def test_without_dpkg_a_tag_is_a_cpu_under_linux(self):
        table = dpkg_tables(Path("/nonexistent"))
        self.assertTrue(table.covers("linux-any", "i386"))
        self.assertTrue(table.covers("any-i386", "i386"))


class ArchSpecificTests(SynchronousTestCase):
    def setUp(self):
        self.pas = read_arch_specific(PAS)

    def permitted(self, source, *binaries, tags=TAGS):
        return permitted(self.pas.line_for(source, binaries), tags, "i386", TABLE)

    def test_a_line_on_a_source_restricts_it(self):
        self.assertEqual({"i386"}, self.permitted("only-i386"))
        self.assertEqual(set(TAGS) - {"armhf"}, self.permitted("nowhere-on-arm"))
        self.assertEqual({"amd64"}, self.permitted("linux", tags=("amd64", "hurd-i386")))
        self.assertEqual(set(), self.permitted("empty"))

    def test_an_exclamation_mark_anywhere_makes_all_exclusions(self):
        self.assertEqual(set(TAGS) - {"amd64", "i386"}, self.permitted("mixed"))

    def test_others_are_not_restricted(self):
        self.assertEqual(set(TAGS), self.permitted("hello", "hello"))

    def test_a_line_on_a_binary_restricts_a_source_with_that_one_binary(self):
        self.assertEqual({"amd64", "i386"}, self.permitted("tools", "tool"))
        self.assertEqual(set(TAGS), self.permitted("tools", "tool", "tool-doc"))

    def test_the_later_line_wins(self):
        self.assertEqual({"i386"}, self.permitted("tool-src", "tool"))

    def test_a_line_without_a_colon_is_reported_and_skipped(self):
        self.assertEqual(("9: no colon in 'this line says nothing'",), self.pas.faults)

    @given(st.text())
    def test_any_text_can_be_read(self, text):
        read_arch_specific(text)
