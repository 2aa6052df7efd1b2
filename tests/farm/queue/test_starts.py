"""A build starts when the first builder is free and those before it are shared out."""

from datetime import datetime, timedelta

import pytz
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.queue.starts import OVERDUE, Start, Worker, estimated_delay, estimated_start, free_in

NOW = datetime(2026, 3, 1, 12, tzinfo=pytz.UTC)

workers = st.lists(st.builds(Worker, st.floats(0, 1e5), st.floats(0.1, 1.0)), min_size=1, max_size=8)
works = st.floats(0, 1e6)


class FreeTests(SynchronousTestCase):
    def test_in_what_rests_of_the_estimate(self):
        for estimate, since, expected in [
            (None, None, 0.0),
            (60.0, None, 0.0),
            (60.0, 10, 50.0),
            (60.0, 60, OVERDUE),
            (60.0, 90, OVERDUE),
            (None, 10, OVERDUE),
        ]:
            started = None if since is None else NOW - timedelta(seconds=since)
            self.assertEqual(expected, free_in(estimate, started, NOW))


class DelayTests(SynchronousTestCase):
    def test_what_is_ahead_is_shared_by_those_that_are_free(self):
        idle, soon, late = Worker(), Worker(50.0), Worker(1000.0)
        for ahead, builders, expected in [
            (0.0, [idle], 0.0),
            (0.0, [soon, late], 50.0),
            (100.0, [soon], 150.0),
            (100.0, [soon, soon], 100.0),
            (100.0, [idle, soon], 75.0),
            (100.0, [soon, late], 150.0),
            (100.0, [Worker(0.0, 0.5)], 200.0),
            (2000.0, [idle, late], 1500.0),
        ]:
            self.assertEqual((ahead, expected), (ahead, estimated_delay(ahead, builders)))

    def test_without_builders_nothing_starts(self):
        self.assertIsNone(estimated_delay(0.0, []))
        self.assertIsNone(estimated_start(0.0, [], None, NOW))

    @given(works, workers)
    def test_never_negative_and_never_before_a_builder_is_free(self, ahead, builders):
        self.assertGreaterEqual(estimated_delay(ahead, builders), min(worker.free for worker in builders) - 1e-6)

    @given(works, works, workers)
    def test_more_ahead_is_never_sooner(self, one, more, builders):
        self.assertLessEqual(estimated_delay(one, builders), estimated_delay(one + more, builders) + 1e-6)

    @given(works, workers)
    def test_another_builder_is_never_later(self, ahead, builders):
        fewer = builders[:-1]
        if fewer:
            self.assertLessEqual(estimated_delay(ahead, builders), estimated_delay(ahead, fewer) + 1e-3)


class StartTests(SynchronousTestCase):
    def test_a_spread_stretches_the_delay(self):
        span = (NOW + timedelta(seconds=50), NOW + timedelta(seconds=200))
        self.assertEqual(Start(NOW + timedelta(seconds=100), span), estimated_start(100.0, [Worker()], (0.5, 2.0), NOW))
        self.assertEqual(Start(NOW + timedelta(seconds=100)), estimated_start(100.0, [Worker()], None, NOW))
