"""Whose fault a failure is."""

import time
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.builders.blame import (
    BUILD_LIMIT,
    BUILDER_LIMIT,
    DISTINCT_BUILDERS,
    OUTAGE_LEAST,
    OUTAGE_WINDOW,
    Quiet,
    Record,
    Verdict,
    judge,
    outages,
)
from tests.support.facts import NOW, ago

# failures of the builder, failures of the build, the builders it failed on, builders that can take it
JUDGED = [
    (1, 1, {1}, 5, Verdict.NOBODY),
    (4, 2, {1, 2}, 5, Verdict.NOBODY),
    (5, 1, {1}, 5, Verdict.BUILDER),
    (5, 2, {1, 2}, 5, Verdict.BUILDER),
    (1, 3, {1, 2, 3}, 5, Verdict.BUILD),
    (5, 3, {1, 2, 3}, 5, Verdict.BUILD),
    (1, 5, {1, 2}, 3, Verdict.NOBODY),
    (4, 4, {1, 2}, 2, Verdict.NOBODY),
    (1, 5, {1, 2}, 2, Verdict.BUILD),
    (5, 5, {1}, 1, Verdict.BUILD),
    (5, 4, {1}, 1, Verdict.BUILDER),
    (1, 5, {1}, 0, Verdict.BUILD),
]


class JudgeTests(SynchronousTestCase):
    def test_the_table(self):
        for builder, build, builders, able, verdict in JUDGED:
            self.assertEqual(verdict, judge(Record(builder, build, frozenset(builders), able)), (builder, build))

    @given(st.integers(1, 20), st.integers(1, 20), st.frozensets(st.integers(1, 9), min_size=1), st.integers(0, 9))
    def test_nobody_is_guilty_below_every_limit_and_somebody_beyond_all(self, builder, build, builders, able):
        verdict = judge(Record(builder, build, builders, able))
        if builder < BUILDER_LIMIT and len(builders) < DISTINCT_BUILDERS and build < BUILD_LIMIT:
            self.assertIs(Verdict.NOBODY, verdict)
        if builder >= BUILDER_LIMIT or len(builders) >= DISTINCT_BUILDERS:
            self.assertIsNot(Verdict.NOBODY, verdict)


def quiet(*silences, processor="x86"):
    """Return builders by the seconds since when they are silent, None for those that answer."""
    return [
        Quiet(number, (processor,), None if seconds is None else ago(seconds))
        for number, seconds in enumerate(silences, 1)
    ]


class OutageTests(SynchronousTestCase):
    def test_half_of_the_builders_at_once_is_the_networks_fault(self):
        self.assertEqual({"x86": frozenset({1, 2, 3})}, outages(quiet(1, 30, 60, None, None, None), NOW))

    def test_fewer_than_half_are_each_to_blame(self):
        self.assertEqual({}, outages(quiet(1, 30, 60, None, None, None, None), NOW))

    def test_fewer_than_three_are_each_to_blame(self):
        self.assertEqual({}, outages(quiet(1, 30), NOW))

    def test_those_that_fell_silent_one_by_one_are_each_to_blame(self):
        self.assertEqual({}, outages(quiet(0, 61, 122, 183), NOW))

    def test_one_that_was_silent_before_is_not_excused(self):
        self.assertEqual({"x86": frozenset({1, 2, 3})}, outages(quiet(1, 2, 3, 900), NOW))

    def test_each_processor_has_its_own_network(self):
        found = outages([*quiet(1, 2, 3), Quiet(9, ("arm",), ago(1)), Quiet(10, ("arm",), None)], NOW)
        self.assertEqual({"x86": frozenset({1, 2, 3})}, found)

    def test_after_an_hour_the_builders_count_as_gone(self):
        self.assertEqual({}, outages(quiet(3600, 3601, 3602), NOW))
        self.assertEqual({}, outages(quiet(3598, 3599, 3600), NOW))
        self.assertEqual({"x86": frozenset({1, 2, 3})}, outages(quiet(3597, 3598, 3599), NOW))

    def test_a_minute_is_the_whole_minute(self):
        self.assertEqual({"x86": frozenset({1, 2, 3})}, outages(quiet(10, 40, 70), NOW))
        self.assertEqual({}, outages(quiet(10, 40, 71), NOW))

    @given(st.lists(st.none() | st.integers(0, 5000), max_size=12))
    def test_who_is_excused_fell_silent_with_enough_others(self, silences):
        for fallen in outages(quiet(*silences), NOW).values():
            since = {number: ago(seconds) for number, seconds in enumerate(silences, 1) if seconds is not None}
            for number in fallen:
                near = [other for other in fallen if abs(since[other] - since[number]) <= OUTAGE_WINDOW]
                self.assertGreaterEqual(len(near), 1)
            self.assertGreaterEqual(len(fallen), max(OUTAGE_LEAST, (len(silences) + 1) // 2))

    @given(st.lists(st.none() | st.integers(0, 200), max_size=12))
    def test_who_is_excused_is_in_a_minute_in_which_enough_fell_silent(self, silences):
        since = [seconds for seconds in silences if seconds is not None]
        needed = max(OUTAGE_LEAST, (len(silences) + 1) // 2)
        full = [end for end in since if len([s for s in since if 0 <= end - s <= 60]) >= needed]
        wanted = {n for n, s in enumerate(silences, 1) if s is not None and any(0 <= end - s <= 60 for end in full)}
        self.assertEqual({"x86": frozenset(wanted)} if wanted else {}, outages(quiet(*silences), NOW))

    def test_a_thousand_that_fall_silent_are_found_in_a_moment(self):
        begun = time.process_time()
        found = outages(quiet(*[number % 60 for number in range(1000)]), NOW)
        self.assertEqual(1000, len(found["x86"]))
        self.assertLess(time.process_time() - begun, 0.2)

    @given(st.lists(st.integers(0, 59), min_size=3, max_size=12))
    def test_all_within_a_minute_are_all_excused(self, silences):
        found = outages(quiet(*silences), NOW + timedelta(seconds=1))
        self.assertEqual({"x86": frozenset(range(1, len(silences) + 1))}, found)
