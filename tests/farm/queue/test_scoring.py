"""How urgent a build is: the classic table by default, and what holds whatever the weights."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytz
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.queue.scoring import (
    AGES,
    COMPONENTS,
    POCKETS,
    URGENCIES,
    Score,
    Scored,
    Weights,
    age_step,
    named_weights,
    score,
    step_age,
)
from buildmaster.farm.vocabulary.archives import Pocket, Purpose, Urgency

THEN = datetime(2026, 1, 1, tzinfo=pytz.UTC)
ENTRY = Scored("devel", Urgency.LOW, Pocket.RELEASE, "main", Purpose.PRIMARY)
CLASSIC = Weights()
AGEING = Weights(age_per_day=240.0)

entries = st.builds(
    Scored,
    section=st.sampled_from(["devel", "translations", "universe/translations"]),
    urgency=st.sampled_from(Urgency),
    pocket=st.sampled_from(Pocket),
    component=st.sampled_from(["main", "universe", "contrib", "partner"]),
    purpose=st.sampled_from(Purpose),
    private=st.booleans(),
    archive_score=st.integers(-100, 100),
)
ages = st.floats(0, 1e7)


def after(seconds):
    return THEN + timedelta(seconds=seconds)


def total(entry, seconds=0.0, weights=CLASSIC):
    return score(entry, THEN, after(seconds), weights).total


class ScoreTests(SynchronousTestCase):
    def test_urgency(self):
        for urgency, worth in zip(Urgency, (5, 10, 15, 20), strict=True):
            self.assertEqual(4000 + worth, total(replace(ENTRY, urgency=urgency)))

    def test_pocket(self):
        worths = {"PROPOSED": 0, "BACKPORTS": 1500, "RELEASE": 3000, "UPDATES": 4500, "SECURITY": 6000}
        for name, worth in worths.items():
            self.assertEqual(1005 + worth, total(replace(ENTRY, pocket=Pocket[name])))

    def test_component(self):
        worths = {"multiverse": 0, "universe": 250, "restricted": 750, "main": 1000, "partner": 1250, "unheard-of": 0}
        for component, worth in worths.items():
            self.assertEqual(3005 + worth, total(replace(ENTRY, component=component)))

    def test_age(self):
        for seconds, worth in [(0, 0), (300, 0), (301, 5), (901, 10), (1801, 15), (3601, 20), (7201, 50), (14401, 100)]:
            self.assertEqual((seconds, 4005 + worth), (seconds, total(ENTRY, seconds)))

    def test_age_is_by_total_seconds(self):
        self.assertEqual(4105, total(ENTRY, 86400 + 10))

    def test_a_private_archive_goes_first(self):
        self.assertEqual(14005, total(replace(ENTRY, private=True)))

    def test_each_reason_has_its_name(self):
        entry = replace(ENTRY, private=True, archive_score=7)
        names = ("urgency", "pocket", "component", "private", "archive")
        found = [name for name, _ in score(entry, THEN, THEN, CLASSIC).parts]
        self.assertEqual([name for name in found if name in names], list(names))
        for apart, name, worth in (
            (replace(ENTRY, section="universe/translations"), "language pack", 0),
            (replace(ENTRY, purpose=Purpose.REBUILD), "rebuild", 4),
        ):
            self.assertEqual(((name, worth),), score(apart, THEN, THEN, CLASSIC).parts)

    def test_what_the_weights_do_not_name_is_worth_nothing(self):
        self.assertEqual(1000, total(ENTRY, 0, replace(CLASSIC, urgencies={}, pockets={})))

    def test_language_packs_wait(self):
        self.assertEqual(0, total(replace(ENTRY, section="translations", private=True), 1e6))

    def test_rebuilds_wait(self):
        self.assertEqual(4, total(replace(ENTRY, purpose=Purpose.REBUILD), 1e6))

    def test_an_archive_adds_its_own(self):
        self.assertEqual(3905, total(replace(ENTRY, archive_score=-100)))
        self.assertEqual(54, total(replace(ENTRY, purpose=Purpose.REBUILD, archive_score=50)))

    def test_reasons_are_named(self):
        parts = (("urgency", 5), ("pocket", 3000), ("component", 1000), ("age", 0))
        self.assertEqual(Score(4005, parts), score(ENTRY, THEN, THEN, CLASSIC))

    def test_with_age_per_day_nothing_starves(self):
        self.assertEqual(4105 + 2400, total(ENTRY, 10 * 86400, AGEING))

    @given(entries, ages, ages, st.sampled_from([CLASSIC, AGEING]))
    def test_never_falls_with_age(self, entry, one, other, weights):
        younger, older = sorted((one, other))
        self.assertLessEqual(total(entry, younger, weights), total(entry, older, weights))

    @given(entries, ages)
    def test_is_bounded(self, entry, age):
        self.assertTrue(-100 <= total(entry, age) <= 17370 + 100)

    @given(entries, ages, st.sampled_from([CLASSIC, AGEING]))
    def test_is_the_sum_of_its_reasons(self, entry, age, weights):
        found = score(entry, THEN, after(age), weights)
        self.assertEqual(found.total, sum(worth for _, worth in found.parts))


class NamedWeightsTests(SynchronousTestCase):
    def test_a_conf_files_tables_make_the_weights(self):
        others = {"private": 1.0, "rebuild": 2.0, "translations": 3.0, "age_per_day": 4.5}
        found = named_weights({"low": 5.0}, {"release": 6.0}, {"main": 7.0}, {"900": 9.0, "60": 8.0}, **others)
        urgencies = {Urgency.LOW: 5, Urgency.MEDIUM: 0, Urgency.HIGH: 0, Urgency.EMERGENCY: 0}
        pockets = dict.fromkeys(Pocket, 0) | {Pocket.RELEASE: 6}
        ages = ((60.0, 8), (900.0, 9))
        self.assertEqual(Weights(urgencies, pockets, {"main": 7}, ages, 1, 2, 3, 4.5), found)

    def test_the_defaults_are_what_a_conf_file_may_say(self):
        found = named_weights(
            {kind.name.lower(): worth for kind, worth in URGENCIES.items()},
            {kind.name.lower(): worth for kind, worth in POCKETS.items()},
            COMPONENTS,
            {str(limit): worth for limit, worth in AGES},
            private=10000,
            rebuild=4,
            translations=0,
            age_per_day=0.0,
        )
        self.assertEqual(CLASSIC, found)


class StepTests(SynchronousTestCase):
    def test_with_ageing_each_hour_is_a_step_among_the_thresholds(self):
        ages = [step_age(step, AGEING) for step in range(10)]
        self.assertEqual([300, 900, 1800, 3600, 3600, 7200, 7200, 10800, 14400, 14400], ages)

    def test_a_step_for_each_threshold(self):
        self.assertEqual([0, 1, 6], [age_step(THEN, after(seconds), CLASSIC) for seconds in (300, 301, 1e9)])
        self.assertEqual([*(limit for limit, _ in AGES), None], [step_age(step, CLASSIC) for step in range(7)])

    @given(entries, ages, ages, st.sampled_from([CLASSIC, AGEING]))
    def test_within_a_step_the_score_stays(self, entry, one, other, weights):
        if age_step(THEN, after(one), weights) == age_step(THEN, after(other), weights):
            self.assertEqual(total(entry, one, weights), total(entry, other, weights))

    @given(ages, st.sampled_from([CLASSIC, AGEING]))
    def test_a_step_lasts_until_its_age(self, age, weights):
        step = age_step(THEN, after(age), weights)
        end = step_age(step, weights)
        if end is not None:
            self.assertLessEqual(int(age), end)
            self.assertGreater(age_step(THEN, after(end + 1), weights), step)
