"""Actions change rows: for all builders of a turn in one transaction, and each as it was decided."""

from dataclasses import replace

from sqlalchemy import event
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.builders.actions import (
    Abort,
    Adopt,
    Clean,
    Collect,
    Conclude,
    CountSilence,
    FailBuilder,
    Heard,
    Hold,
    MarkClean,
    MarkDirty,
    PostponeProbe,
    Requeue,
    Rescue,
    Reset,
    Restore,
    SaveLogTail,
)
from buildmaster.farm.builders.blame import Verdict
from buildmaster.farm.builders.scanning import FIRST_PROBE
from buildmaster.farm.builders.states import CleanStatus, FailedBy
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.builders.actions import apply, changes_rows
from buildmaster.model.builders.attempts import conclude
from buildmaster.model.builders.snapshots import snapshot
from buildmaster.model.tables.builders import Builder
from tests.support.bothdatabases import OnPostgreSQL, OnSQLite
from tests.support.rows import NOW

S = BuildState
EVERYTHING = (
    Heard(), CountSilence("x"), Adopt(), SaveLogTail("x"), Conclude(S.FAILEDTOBUILD, fetch_log=False), Requeue("x"), Hold("x"),
    FailBuilder(FailedBy.LIMIT, "x"), FailBuilder(FailedBy.PROBE, "x"), PostponeProbe(120.0, "x"), Restore(), MarkDirty(),
    MarkClean(), Abort(), Clean(), Reset(),
)  # fmt: skip


class ApplyTests(OnSQLite, SynchronousTestCase):
    def facts(self):
        [builder] = self.read(snapshot)
        return builder

    def apply(self, *actions, builder=None):
        return self.write(apply, NOW, [(builder or self.facts(), actions)], self.told)

    def free(self):
        self.write(lambda session: conclude(session, NOW, self.attempt_id, S.FAILEDTOBUILD))

    def test_a_word_a_tail_and_an_adoption(self):
        self.apply(Heard("206", ("binarypackage",)), Adopt(), SaveLogTail("make"))
        self.assertEqual(("206", "binarypackage", NOW),
                         (self.builder().version, self.builder().kinds, self.builder().last_seen))  # fmt: skip
        self.assertEqual((NOW, "make"), (self.attempt().accepted, self.entry()["logtail"]))

    def test_an_end_that_needs_no_log_is_now_and_told(self):
        self.apply(Conclude(S.FAILEDTOBUILD, failure="why", fetch_log=False))
        self.assertEqual((S.FAILEDTOBUILD, "why"), (self.build().buildstate, self.build().failure))
        self.assertEqual([(self.build_id, S.FAILEDTOBUILD)], self.told.builds)

    def test_an_end_that_needs_its_log_is_an_errands(self):
        for action in (Conclude(S.FAILEDTOBUILD), Requeue("why", fetch_log=True)):
            self.assertEqual({}, self.apply(action))
            self.assertIs(S.BUILDING, self.build().buildstate)

    def test_a_package_that_spoke_clears_the_count(self):
        self.set(Builder, self.builder_id, failure_count=4)
        self.apply(Conclude(S.CHROOTWAIT, package_spoke=False))
        self.assertEqual(4, self.builder().failure_count)
        self.apply(Conclude(S.FAILEDTOBUILD))
        self.assertEqual(0, self.builder().failure_count)

    def test_who_is_guilty_is_returned(self):
        self.set(Builder, self.builder_id, failure_count=4)
        self.assertEqual({self.builder_id: Verdict.BUILDER}, self.apply(Requeue("why")))

    def test_a_hold_sets_the_builder_manual_and_is_told_once(self):
        facts = self.facts()
        for _ in range(2):
            self.apply(Hold("closed"), builder=facts)
        self.assertTrue(self.builder().manual)
        self.assertEqual(["a build on bob is held"], self.told.warnings)

    def test_one_that_the_limit_fails_is_told_of_and_one_that_a_probe_fails_when_it_stays_so(self):
        self.apply(FailBuilder(FailedBy.PROBE, "refused"))
        self.assertEqual([], self.told.warnings)
        for _ in range(2):
            facts = self.facts()
            self.apply(PostponeProbe(2 * facts.probe_delay, "refused"), builder=facts)
        self.assertEqual(["bob is out of service"], self.told.warnings)
        self.assertEqual(4 * FIRST_PROBE, self.builder().probe_delay)
        self.apply(Restore())
        self.apply(FailBuilder(FailedBy.LIMIT, "out of order"))
        self.assertEqual(["bob is out of service"] * 2, self.told.warnings)

    def test_cleaning_is_noted_since_when_and_an_abort_of_a_job_too(self):
        self.apply(Abort())
        self.assertEqual((NOW, CleanStatus.DIRTY), (self.entry()["cancel_since"], self.builder().clean_status))
        self.free()
        self.apply(Clean())
        self.assertEqual((CleanStatus.CLEANING, NOW), (self.builder().clean_status, self.builder().clean_since))
        self.apply(MarkClean())
        self.assertIs(CleanStatus.CLEAN, self.builder().clean_status)
        self.apply(MarkDirty())
        self.assertIs(CleanStatus.DIRTY, self.builder().clean_status)

    def test_what_comes_late_changes_no_build_and_cleans_nobody(self):
        facts = self.facts()
        self.free()
        told = len(self.told.builds)
        for action in EVERYTHING:
            self.apply(action, builder=facts)
            self.assertIs(S.FAILEDTOBUILD, self.build().buildstate, action)
        self.assertEqual(told, len(self.told.builds))

    def test_one_turn_has_many_builders(self):
        facts = self.facts()
        nobody = replace(facts, id=999, job=None)
        self.write(apply, NOW, [(facts, (Heard(), SaveLogTail("make"))), (nobody, (Heard(),))], self.told)
        self.assertEqual("make", self.entry()["logtail"])
        self.write(apply, NOW, [], self.told)

    def test_what_changes_no_row_takes_no_statement(self):
        self.set(Builder, self.builder_id, last_seen=NOW, version="206", kinds="binarypackage")
        facts = self.facts()
        asked = []
        event.listen(self.transactions.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
        for action in (Heard(), Heard("206", ("binarypackage",)), Collect(()), Rescue("8-1", "strange")):
            self.assertFalse(changes_rows(NOW, facts, (action,)), action)
            self.apply(action, builder=facts)
        self.assertEqual([], [statement for statement in asked if not statement.startswith("BEGIN")])

    def test_the_rest_changes_rows(self):
        facts = self.facts()
        for action in (*EVERYTHING, Heard("206"), Heard(None, ("livefs",))):
            self.assertTrue(changes_rows(NOW, facts, (Collect(()), action)), action)
        self.assertFalse(changes_rows(NOW, facts, ()))


class PostgreSQLApplyTests(OnPostgreSQL, ApplyTests):
    pass
