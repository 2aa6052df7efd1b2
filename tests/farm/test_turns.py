"""The job that is due first goes first, in the order of the file."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.turns import (
    LEAST_PAUSE,
    LONGEST_REST,
    SHARE,
    due_after,
    due_when_nudged,
    next_turn,
    rest_after,
)

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
        self.assertEqual(15.0, due_after(10.0, 5.0, 0.1, nudged=False))

    def test_a_nudge_during_the_run_is_kept_for_after_the_rest(self):
        self.assertEqual(10.1, due_after(10.0, 5.0, 0.1, nudged=True))

    def test_a_nudge_during_the_run_makes_no_job_later(self):
        self.assertEqual(10.0, due_after(10.0, 0.0, 0.1, nudged=True))

    def test_a_nudge_makes_due_at_once(self):
        self.assertEqual(12.0, due_when_nudged(15.0, 10.0, 12.0))

    def test_a_job_that_rests_is_due_after_its_rest(self):
        self.assertEqual(10.0, due_when_nudged(15.0, 10.0, 9.9))

    @given(TIMES, TIMES, TIMES)
    def test_a_nudge_never_makes_a_job_later(self, due, rested, now):
        self.assertLessEqual(due_when_nudged(due, rested, now), due)


class RestTests(SynchronousTestCase):
    def test_a_quick_run_needs_next_to_no_rest(self):
        self.assertEqual(LEAST_PAUSE, rest_after(LEAST_PAUSE / SHARE / 2))
        self.assertEqual(0.2, rest_after(0.1 / SHARE, 0.2))

    def test_a_costly_run_needs_a_rest_in_proportion(self):
        self.assertEqual(0.06 * SHARE, rest_after(0.06))

    def test_one_that_waited_for_a_slow_slave_does_not_pay_for_it(self):
        self.assertEqual(LONGEST_REST, rest_after(600.0))
