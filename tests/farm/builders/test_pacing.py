"""When a builder is asked again."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.builders.pacing import MOST, SEEN, SOON, Pace, crowding, interval, noteworthy, room, spaced
from buildmaster.farm.builders.states import CleanStatus, FailedBy
from buildmaster.farm.vocabulary.states import BuildState
from tests.support.facts import NOW, a_builder, a_job, ago

PACE = Pace(building=5.0, idle=30.0)
PROBED = {"builderok": False, "failed_by": FailedBy.PROBE}
ROWS = [
    ("idle", {}, 30.0),
    ("dirty", {"clean_status": CleanStatus.DIRTY}, SOON),
    ("cleaning", {"clean_status": CleanStatus.CLEANING}, SOON),
    ("silent though in service", {"silent_scans": 2}, SOON),
    ("failed by a probe, not due", {**PROBED, "next_probe": NOW + timedelta(seconds=1)}, None),
    ("failed by a probe, due", {**PROBED, "next_probe": NOW}, SOON),
    ("failed by its limit", {"builderok": False, "failed_by": FailedBy.LIMIT}, None),
    ("failed by an operator", {"builderok": False, "failed_by": FailedBy.OPERATOR, "job": a_job()}, None),
    ("just begun", {"job": a_job(started=NOW)}, 0.25),
    ("young", {"job": a_job(started=ago(12))}, 3.0),
    ("old", {"job": a_job(started=ago(900))}, 15.0),
    ("old, soon to end", {"job": a_job(started=ago(900), estimate=915.0)}, 5.0),
    ("old, should have ended", {"job": a_job(started=ago(915), estimate=900.0)}, 5.0),
    ("old, long over its estimate", {"job": a_job(started=ago(990), estimate=900.0)}, 15.0),
    ("young, by its estimate soon to end", {"job": a_job(started=ago(8), estimate=10.0)}, 2.0),
    ("being cancelled", {"job": a_job(state=BuildState.CANCELLING)}, SOON),
    ("being fetched", {"job": a_job(state=BuildState.GATHERING)}, SOON),
]


ANSWERS = [
    ("never seen", {}, True),
    ("seen lately", {"last_seen": ago(SEEN - 1)}, False),
    ("seen long ago", {"last_seen": ago(SEEN)}, True),
    ("seen by a clock that was ahead", {"last_seen": ago(-1)}, True),
    ("silent since", {"last_seen": ago(1), "silent_scans": 1}, True),
    ("silent since then", {"last_seen": ago(1), "silent_since": ago(1)}, True),
]


class PacingTests(SynchronousTestCase):
    def test_the_table(self):
        for name, facts, seconds in ROWS:
            self.assertEqual(seconds, interval(a_builder(**facts), NOW, PACE), name)

    def test_few_builders_are_no_crowd(self):
        self.assertEqual(1.0, crowding([]))
        self.assertEqual(1.0, crowding([None, 1.0] * int(MOST)))
        self.assertEqual(3.0, crowding([1.0] * int(3 * MOST)))

    def test_who_is_to_be_asked_in_every_turn_is_no_endless_crowd(self):
        self.assertEqual(1.0, crowding([0.0]))

    def test_in_a_crowd_all_wait_longer_but_none_for_longer_than_usual(self):
        for delay, wanted in ((0.25, 0.75), (1.0, 3.0), (3.0, 5.0), (5.0, 5.0), (15.0, 15.0), (None, None)):
            self.assertEqual(wanted, spaced(delay, 3.0, PACE))
            self.assertEqual(delay, spaced(delay, 1.0, PACE))

    @given(st.lists(st.floats(0.25, 15.0), max_size=2000))
    def test_a_crowd_is_asked_no_more_often_than_it_may(self, delays):
        crowd = crowding(delays)
        rate = sum(1 / spaced(delay, crowd, PACE) for delay in delays)
        self.assertLessEqual(rate, MOST + len(delays) / PACE.building + 1e-6)

    @given(st.lists(st.floats(0.25, 15.0), max_size=2000), st.floats(0.25, 1.0))
    def test_there_is_room_for_all_that_are_due(self, delays, passed):
        crowd = crowding(delays)
        rate = sum(1 / spaced(delay, crowd, PACE) for delay in delays)
        self.assertGreaterEqual(room(len(delays), PACE, passed) + 1, rate * passed - 1e-6)

    def test_room_comes_with_time_but_is_not_saved_up_and_somebody_may_always_be_asked(self):
        for builders, passed, wanted in ((0, 0.05, 10), (1000, 0.05, 20), (1000, 60.0, 400), (0, 0.0, 1)):
            self.assertEqual(wanted, room(builders, PACE, passed), (builders, passed))
        self.assertEqual(4200, room(1000, Pace(building=0.0), 1.0))

    def test_an_answer_is_news_after_silence_and_once_a_minute(self):
        for name, facts, wanted in ANSWERS:
            self.assertEqual(wanted, noteworthy(a_builder(**facts), NOW), name)
