"""Actions become deeds: an error in one builder's actions is that builder's alone."""

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.logger import LogLevel, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.builders.actions import (
    Abort,
    Clean,
    Collect,
    Conclude,
    FailBuilder,
    Heard,
    MarkClean,
    Requeue,
    Reset,
)
from buildmaster.farm.builders.blame import Verdict
from buildmaster.farm.builders.states import FailedBy
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.tasks.scanner.effects import Decision, Effects
from buildmaster.work.errands import Errands
from tests.support.contexts import a_context
from tests.support.facts import NOW, a_builder, a_job


class SlaveErrands:
    """Remembers the errands that are begun."""

    def __init__(self):
        self.begun = []

    def __getattr__(self, name):
        async def errand(builder, *args):
            self.begun.append((name, builder.name))

        return errand


class Rows:
    """A database that breaks over some builders, and finds others guilty."""

    def __init__(self, broken=(), verdicts=None):
        self.broken, self.verdicts = broken, verdicts or {}
        self.changed = []

    def run(self, work, now, decisions, notices):
        names = [decision.builder.name for decision in decisions]
        if set(names) & set(self.broken):
            return fail(ValueError("broken"))
        self.changed.append(names)
        return succeed(self.verdicts)


class EffectsTests(SynchronousTestCase):
    def carry_out(self, decisions, rows=None):
        self.rows, self.errands, self.nudges = rows or Rows(), SlaveErrands(), []
        context = a_context(database=self.rows, nudged=self.nudges, now=lambda: NOW)
        effects = Effects(context, Clock(), Errands(Clock(), 9), self.errands)
        self.successResultOf(Deferred.fromCoroutine(effects.carry_out(decisions)))

    def decisions(self, *actions, names=("bob", "eve")):
        builders = [a_builder(id=number, name=name, job=a_job()) for number, name in enumerate(names)]
        return [Decision(builder, actions) for builder in builders]

    def test_all_rows_are_changed_at_once(self):
        self.carry_out(self.decisions(Heard()))
        self.assertEqual([["bob", "eve"]], self.rows.changed)

    def test_nothing_to_do_is_nothing_done(self):
        self.carry_out(self.decisions())
        self.assertEqual([], self.rows.changed)

    def test_an_answer_that_is_no_news_changes_no_row(self):
        bob = a_builder(job=a_job(), last_seen=NOW)
        self.carry_out([Decision(bob, (Heard(),))])
        self.assertEqual([], self.rows.changed)

    def test_what_waits_for_no_row_is_begun_first(self):
        bob, eve = a_builder(id=1, last_seen=NOW, job=a_job()), a_builder(id=2, name="eve", job=a_job())
        self.carry_out([Decision(eve, (Heard(), Collect(()))), Decision(bob, (Heard(), Collect(())))])
        self.assertEqual([["eve"]], self.rows.changed)
        self.assertEqual([("fetch_results", "bob"), ("fetch_results", "eve")], self.errands.begun)

    def test_an_error_spares_the_others(self):
        self.carry_out(self.decisions(Heard(), Abort(), names=("bob", "eve", "zoe")), Rows(["eve"]))
        self.assertEqual([["bob"], ["zoe"]], self.rows.changed)
        self.assertEqual([("abort", "bob"), ("abort", "zoe")], self.errands.begun)
        self.assertEqual(2, len(self.flushLoggedErrors(ValueError)))

    def test_what_is_to_be_said_to_a_slave_is_an_errand(self):
        for action, errand in (
            (Abort(), "abort"),
            (Clean(), "clean"),
            (Reset(), "reset"),
            (Collect(()), "fetch_results"),
            (Conclude(BuildState.FAILEDTOBUILD), "conclude"),
            (Requeue("why", fetch_log=True), "give_back"),
        ):
            self.carry_out(self.decisions(action, names=["bob"]))
            self.assertEqual([(errand, "bob")], self.errands.begun)

    def test_what_needs_no_slave_is_none(self):
        for action in (Heard(), Conclude(BuildState.CANCELLED, fetch_log=False), Requeue("why"), MarkClean()):
            self.carry_out(self.decisions(action, names=["bob"]))
            self.assertEqual([], self.errands.begun)

    def test_whatever_frees_a_builder_or_a_build_calls_for_the_dispatcher(self):
        for action, nudges in ((Requeue("why"), ["dispatcher"]), (MarkClean(), ["dispatcher"]), (Heard(), [])):
            self.carry_out(self.decisions(action, names=["bob"]))
            self.assertEqual(nudges, self.nudges)

    def test_lines_are_logged_in_the_group_of_the_builder(self):
        lines = []
        globalLogPublisher.addObserver(lines.append)
        self.addCleanup(globalLogPublisher.removeObserver, lines.append)
        decisions = self.decisions(Requeue("why"), FailBuilder(FailedBy.LIMIT, "smoke"), names=["bob"])
        self.carry_out(decisions, Rows(verdicts={0: Verdict.BUILDER}))
        said = [
            (line["log_level"], line["text"].splitlines()[0])
            for line in lines
            if line["log_namespace"] == "builders.x86"
        ]
        self.assertEqual(3, len(said))
        self.assertEqual({LogLevel.warn}, {level for level, _ in said})
        self.assertIn("5 failures in a row, the last: why", said[1][1])
