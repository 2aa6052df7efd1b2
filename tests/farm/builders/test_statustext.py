"""A builder's status is a sentence that tells a tired operator what is the matter, and since when."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytz
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.builders.states import CleanStatus, FailedBy
from buildmaster.farm.builders.statustext import Holding, Standing, available, sentence
from buildmaster.farm.vocabulary.states import BuildState

NOW = datetime(2026, 3, 1, 12, tzinfo=pytz.UTC)
THEN = NOW - timedelta(minutes=5)
SOON = NOW + timedelta(seconds=40)
REFUSED = "(111, 'Connection refused')"
JOB = Holding("i386 build of alsa 1.0 in ubuntu hoary RELEASE [cprov]", BuildState.BUILDING, THEN)
FAILED = Standing(builderok=False, date_failed=THEN, failnotes=REFUSED)
SENTENCES = {
    Standing(clean_since=THEN): "Idle for 5 minutes",
    Standing(clean_since=THEN, manual=True): "Idle for 5 minutes, manual: gets no new work",
    Standing(): "Idle",
    Standing(silent_scans=2): "Idle, no answer to the last 2 scans",
    Standing(silent_scans=3, silence="timeout"): "Idle, no answer to the last 3 scans (timeout)",
    Standing(clean_status=CleanStatus.DIRTY): "Never seen: to be probed",
    Standing(clean_status=CleanStatus.DIRTY, clean_since=THEN, last_seen=THEN): "Waiting to be cleaned for 5 minutes",
    Standing(clean_status=CleanStatus.CLEANING, clean_since=THEN): "Being cleaned for 5 minutes",
    Standing(holding=JOB): f"Building {JOB.title} for 5 minutes",
    Standing(holding=replace(JOB, state=BuildState.GATHERING)): f"Gathering the output of {JOB.title} for 5 minutes",
    Standing(holding=replace(JOB, held_for="no")): f"Building {JOB.title} for 5 minutes; stuck: no",
    Standing(holding=replace(JOB, state=BuildState.UPLOADING)): f"Ending {JOB.title} for 5 minutes",
    Standing(builderok=False): "Disabled",
    replace(FAILED, failed_by=FailedBy.PROBE, next_probe=SOON): (
        f"Failed 5 minutes ago: {REFUSED}; to be probed again in 40 seconds"
    ),
    replace(FAILED, failed_by=FailedBy.PROBE, next_probe=THEN): (
        f"Failed 5 minutes ago: {REFUSED}; to be probed again now"
    ),
    replace(
        FAILED, failed_by=FailedBy.PROBE, next_probe=NOW
    ): f"Failed 5 minutes ago: {REFUSED}; to be probed again now",
    replace(FAILED, failed_by=FailedBy.OPERATOR): f"Failed by an operator 5 minutes ago: {REFUSED}",
    replace(FAILED, failed_by=FailedBy.LIMIT): f"Failed for good 5 minutes ago: {REFUSED}",
}


class StandingTests(SynchronousTestCase):
    def test_each_standing_has_its_sentence(self):
        self.assertEqual(SENTENCES, {standing: sentence(standing, NOW) for standing in SENTENCES})

    def test_only_a_good_clean_and_free_builder_is_available(self):
        found = {words for standing, words in SENTENCES.items() if available(standing)}
        self.assertEqual({words for words in SENTENCES.values() if words.startswith("Idle")}, found)
