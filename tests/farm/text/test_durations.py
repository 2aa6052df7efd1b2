"""Durations are said in the nearest unit."""

from datetime import datetime, timedelta

import pytz
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.text.durations import ago, approximately, since

NOW = datetime(2026, 3, 1, 12, tzinfo=pytz.UTC)
EXAMPLES = {
    -5: "0 seconds",
    0: "0 seconds",
    1: "1 second",
    119.4: "119 seconds",
    119.6: "2 minutes",
    180: "3 minutes",
    7199: "120 minutes",
    7200: "2 hours",
    172799: "48 hours",
    172800: "2 days",
    864000: "10 days",
}


class DurationTests(SynchronousTestCase):
    def test_a_unit_serves_until_there_are_two_of_the_next(self):
        self.assertEqual(EXAMPLES, {seconds: approximately(seconds) for seconds in EXAMPLES})

    def test_times_are_told_from_now(self):
        then = NOW - timedelta(minutes=3)
        self.assertEqual(
            ("3 minutes", "3 minutes ago", "in 3 minutes"), (since(then, NOW), ago(then, NOW), ago(NOW, then))
        )
