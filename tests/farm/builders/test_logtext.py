"""The text of build logs, and their names."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.builders.logtext import log_name, renamed_log, shown_tail
from buildmaster.farm.vocabulary.states import BuildState

LABEL = "ubuntu-hoary-i386.pmount_0.1-1"
NAME = "buildlog_ubuntu-hoary-i386.pmount_0.1-1_FULLYBUILT.txt.gz"


class TailTests(SynchronousTestCase):
    def test_a_public_tail_is_shown_whole(self):
        self.assertEqual("cut\nmake\n", shown_tail("cut\nmake\n", private=False))

    def test_a_private_tail_loses_its_first_line(self):
        self.assertEqual("make\n", shown_tail("pass@host/ hoary main\nmake\n", private=True))
        self.assertEqual("", shown_tail("pass@host/ hoary main", private=True))

    def test_urls_lose_their_credentials(self):
        self.assertEqual("deb http://host/ x", shown_tail("deb http://buildd:s3cret@host/ x", private=False))

    def test_no_database_meets_a_nul(self):
        self.assertEqual("ab", shown_tail("a\0b", private=False))

    @given(st.text())
    def test_a_shown_tail_shows_as_it_is(self, text):
        shown = shown_tail(text, private=False)
        self.assertEqual(shown, shown_tail(shown, private=False))


class NameTests(SynchronousTestCase):
    def test_a_log_is_named_as_operators_know_it(self):
        self.assertEqual(NAME, log_name(LABEL, BuildState.FULLYBUILT))

    def test_it_gets_the_name_of_the_state_that_the_build_comes_to(self):
        for state in BuildState:
            self.assertEqual(NAME, renamed_log(log_name(LABEL, state), BuildState.FULLYBUILT))
