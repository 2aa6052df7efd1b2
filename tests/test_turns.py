"""The job that is due first goes first, in the order of the file."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.turns import LEAST_PAUSE, due_after, due_when_nudged, next_turn

TIMES = st.floats(-1e6, 1e6)


@dataclass(frozen=True)
class Job:
    due: float


class NextTurnTests(SynchronousTestCase):
    def test_the_earliest_goes_first(self):
        self.assertEqual((Job(5.0), 5.0), next_turn([Job(10.0), Job(5.0)], 0.0))

    def test_ties_go_in_the_order_of_the_file(self):
        first, second = Job(5.0), Job(5.0)
        self.assertIs(first, next_turn([first, second], 0.0)[0])

    def test_an_overdue_job_is_due_now(self):
        self.assertEqual((Job(5.0), 0.0), next_turn([Job(5.0)], 100.0))

    @given(st.lists(TIMES, min_size=1), TIMES)
    def test_nobody_is_due_before_the_next(self, times, now):
        job, wait = next_turn([Job(time) for time in times], now)
        self.assertEqual(min(times), job.due)
        self.assertEqual(max(0.0, job.due - now), wait)


class DueTests(SynchronousTestCase):
    def test_the_delay_is_from_the_end(self):
        self.assertEqual(15.0, due_after(10.0, 5.0, nudged=False))

    def test_a_nudge_during_the_run_is_kept(self):
        self.assertEqual(10.0 + LEAST_PAUSE, due_after(10.0, 5.0, nudged=True))

    def test_a_nudge_makes_due_at_once(self):
        self.assertEqual(12.0, due_when_nudged(15.0, 10.0, 12.0))

    def test_never_twice_within_the_least_pause(self):
        self.assertEqual(10.0 + LEAST_PAUSE, due_when_nudged(15.0, 10.0, 10.001))

    @given(TIMES, TIMES, TIMES)
    def test_a_nudge_never_makes_a_job_later(self, due, ended, now):
        self.assertLessEqual(due_when_nudged(due, ended, now), due)
