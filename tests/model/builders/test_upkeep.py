"""What is done to the rows of builders; each deed can be repeated."""

from datetime import timedelta

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.builders.states import CleanStatus, FailedBy
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.builders.attempts import conclude
from buildmaster.model.builders.upkeep import cleaned, fail, heard, introduced, mark, postpone_probe, restore, silent
from buildmaster.model.tables.builders import Builder
from tests.support.bothdatabases import OnPostgreSQL, OnSQLite
from tests.support.rows import NOW

LATER = NOW + timedelta(seconds=90)
URL = "http://bob:8221/"


class UpkeepTests(OnSQLite, SynchronousTestCase):
    def facts(self, *names):
        return tuple(getattr(self.builder(), name) for name in names)

    def test_silence_is_counted_from_its_beginning_until_an_answer(self):
        self.write(silent, NOW, self.builder_id, "refused")
        self.write(silent, LATER, self.builder_id, "no answer")
        self.assertEqual((2, NOW, "no answer"), self.facts("silent_scans", "silent_since", "silence"))
        self.write(heard, LATER, [self.builder_id])
        self.write(heard, LATER, [])
        self.assertEqual((0, None, None, LATER), self.facts("silent_scans", "silent_since", "silence", "last_seen"))

    def test_a_probe_fails_a_builder_once_and_may_restore_it(self):
        self.assertTrue(self.write(fail, NOW, self.builder_id, FailedBy.PROBE, "refused"))
        self.assertFalse(self.write(fail, NOW, self.builder_id, FailedBy.LIMIT, "late"))
        self.assertEqual((False, FailedBy.PROBE, "refused", NOW + timedelta(seconds=60), CleanStatus.DIRTY),
                         self.facts("builderok", "failed_by", "failnotes", "next_probe", "clean_status"))  # fmt: skip
        self.write(postpone_probe, NOW, self.builder_id, 120.0, "still")
        self.assertEqual((NOW + timedelta(seconds=120), "still"), self.facts("next_probe", "failnotes"))
        self.assertTrue(self.write(restore, self.builder_id))
        self.assertEqual((True, None, None, None, 0.0),
                         self.facts("builderok", "failed_by", "failnotes", "next_probe", "probe_delay"))  # fmt: skip

    def test_what_an_operator_or_a_limit_failed_no_probe_touches(self):
        for by in (FailedBy.OPERATOR, FailedBy.LIMIT):
            self.set(Builder, self.builder_id, builderok=False, failed_by=by, failnotes="mine")
            self.assertFalse(self.write(restore, self.builder_id))
            self.write(postpone_probe, NOW, self.builder_id, 120.0, "still")
            self.assertEqual((False, by, "mine"), self.facts("builderok", "failed_by", "failnotes"))

    def test_since_when_is_of_the_change(self):
        self.write(mark, NOW, self.builder_id, CleanStatus.CLEANING)
        self.write(mark, LATER, self.builder_id, CleanStatus.CLEANING)
        self.assertEqual((NOW,), self.facts("clean_since"))

    def test_a_cleaned_builder_gets_work_unless_things_have_moved_on(self):
        self.assertFalse(self.write(cleaned, NOW, self.builder_id, URL), "it holds a build")
        self.write(lambda session: conclude(session, NOW, self.attempt_id, BuildState.FAILEDTOBUILD))
        self.assertFalse(self.write(cleaned, NOW, self.builder_id, "http://elsewhere/"), "it has moved")
        self.set(Builder, self.builder_id, builderok=False)
        self.assertFalse(self.write(cleaned, NOW, self.builder_id, URL), "it is out of service")
        self.set(Builder, self.builder_id, builderok=True)
        self.assertTrue(self.write(cleaned, NOW, self.builder_id, URL))
        self.assertEqual((CleanStatus.CLEAN,), self.facts("clean_status"))

    def test_what_a_slave_says_it_is_is_remembered(self):
        self.write(introduced, self.builder_id, "206", ("binarypackage", "livefs"))
        self.assertEqual(("206", "binarypackage livefs"), self.facts("version", "kinds"))


class PostgreSQLUpkeepTests(OnPostgreSQL, UpkeepTests):
    pass
