"""A build starts when the first builder is free and those before it are shared out."""

from datetime import datetime, timedelta

import pytz
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.starts import Running, estimated_start, head_delay

NOW = datetime(2026, 3, 1, 12, tzinfo=pytz.UTC)


def running(estimate, seconds):
    return Running(estimate, NOW - timedelta(seconds=seconds))


DELAYS = {
    (): 0.0,
    (running(None, 10),): 0.0,
    (running(60.0, 10),): 50.0,
    (running(60.0, 60),): 0.0,
    (running(60.0, 90),): 120.0,
    (running(600.0, 100), running(300.0, 100)): 200.0,
    (running(600.0, 100), running(300.0, 400)): 120.0,
}


class StartTests(SynchronousTestCase):
    def test_the_first_to_end_is_waited_for(self):
        self.assertEqual(DELAYS, {builds: head_delay(builds, NOW) for builds in DELAYS})

    def test_what_is_ahead_is_shared(self):
        self.assertEqual(NOW + timedelta(seconds=50 + 33), estimated_start(100.0, [running(60.0, 10)], 3, NOW))

    def test_without_builders_nothing_starts(self):
        self.assertIsNone(estimated_start(0.0, [], 0, NOW))

    @given(st.floats(0, 1e7), st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e6))), st.integers(1, 100))
    def test_no_start_is_in_the_past(self, ahead, builds, builders):
        self.assertGreaterEqual(estimated_start(ahead, [running(*build) for build in builds], builders, NOW), NOW)
