"""Packages-arch-specific restricts what it names."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.queue.architectures import architecture_table
from buildmaster.farm.queue.archspecific import permitted, read_arch_specific

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
