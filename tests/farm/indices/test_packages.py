"""Packages indices are read into what they offer."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.indices.packages import find_offers, offer_lines, stanzas

PACKAGES = """\
Package: gawk
Version: 1:5.2
Provides: awk, new-awk (= 5)
Description: a language
 with more than
 one line

Package: nothing
Section: misc

Package: cpp
Depends: x,
 y
Version: 4
"""


class IndexTests(SynchronousTestCase):
    def test_offers_real_and_virtual_packages(self):
        lines = list(offer_lines(PACKAGES.splitlines()))
        self.assertEqual(["gawk\t1:5.2\n", "awk\t\n", "new-awk\t5\n", "cpp\t4\n"], lines)

    def test_finds_what_was_written(self):
        lines = [*offer_lines(PACKAGES.splitlines()), "awk\t2\n"]
        self.assertEqual({"awk": {None, "2"}, "cpp": {"4"}}, find_offers(lines, {"awk", "cpp", "perl"}))

    def test_only_the_first_tab_ends_a_name(self):
        self.assertEqual({"awk": {"1\t2"}}, find_offers(["awk\t1\t2\n"], {"awk"}))

    def test_a_field_over_several_lines(self):
        found = list(stanzas(PACKAGES.splitlines(), {"Depends"}))
        self.assertEqual([{"Depends": "x,\ny"}], found)

    @given(st.text())
    def test_any_text_can_be_read(self, text):
        find_offers(offer_lines(text.splitlines()), {"a"})
