"""A job that fails is told of in the seed's words, and not again and again."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.notices.sequencerjobs import (
    FIRST_PAUSE,
    HEADERS,
    LONGEST_PAUSE,
    JobEnd,
    Trouble,
    after_failure,
    failure_notice,
    recovery_notice,
)

END = JobEnd("mine", "run it", 3, "out", "first line\nlast line\n")


class AfterFailureTests(SynchronousTestCase):
    def test_the_first_failure_is_told(self):
        self.assertEqual((Trouble(END.what, 1, 0.0, FIRST_PAUSE), True), after_failure(None, END, 0.0))

    def test_the_same_one_is_counted_in_silence(self):
        trouble, _ = after_failure(None, END, 0.0)
        self.assertEqual((Trouble(END.what, 2, 0.0, FIRST_PAUSE), False), after_failure(trouble, END, 5.0))

    def test_it_is_told_again_at_growing_intervals(self):
        trouble, _ = after_failure(None, END, 0.0)
        again = after_failure(trouble, END, FIRST_PAUSE)
        self.assertEqual((Trouble(END.what, 2, FIRST_PAUSE, 2 * FIRST_PAUSE), True), again)

    def test_another_failure_is_told_at_once(self):
        trouble, _ = after_failure(None, END, 0.0)
        _, telling = after_failure(trouble, JobEnd("mine", "run it", 4), 1.0)
        self.assertTrue(telling)

    @given(st.lists(st.floats(0.1, 1e4)))
    def test_a_day_of_failures_is_a_handful_of_mails(self, gaps):
        now, trouble, told = 0.0, None, 0
        for gap in gaps:
            now += gap
            trouble, telling = after_failure(trouble, END, now)
            told += telling
        self.assertLessEqual(told, 9 + now / LONGEST_PAUSE)


class NoticeTests(SynchronousTestCase):
    def test_the_failure_mail_is_the_seeds(self):
        notice = failure_notice(END, 1)
        self.assertEqual("Job mine exited with code 3", notice.subject)
        self.assertEqual(
            "Job: mine\nCommand: run it\nExit code: 3\n\n"
            "Standard Error:\n\nfirst line\nlast line\n\n\nStandard Output:\n\nout\n",
            notice.body,
        )

    def test_the_headers_say_who_writes(self):
        for notice in (failure_notice(END, 1), recovery_notice(END, Trouble("3: last line", 17, 0.0, 1.0))):
            self.assertEqual(HEADERS, notice.headers)

    def test_a_repeat_has_its_count(self):
        self.assertEqual("Job mine exited with code 3 (for the 2th time in a row)", failure_notice(END, 2).subject)
        self.assertIn("17th time", failure_notice(END, 17).subject)

    def test_recovery_says_what_it_was(self):
        notice = recovery_notice(END, Trouble("3: last line", 17, 0.0, 1.0))
        self.assertEqual("Job mine works again", notice.subject)
        self.assertIn("failed 17 time(s), last with 3: last line", notice.body)
