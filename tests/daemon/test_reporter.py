"""Ends of turns are logged in the seed's words, and failures reach whom they should."""

from datetime import datetime

import pytz
from twisted.internet.defer import fail
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.daemon.reporter import Reporter, Told
from buildmaster.errors import BuildmasterError
from buildmaster.model.tables.outbox import due_messages
from buildmaster.work.child import ProcessFailedError
from buildmaster.work.database import InlineDatabase
from tests.support.commands import CommandFarm

NOW = datetime(2005, 4, 1, tzinfo=pytz.UTC)
FAILED = Failure(ProcessFailedError(1, "", "BAR"))


class ReporterTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.transactions = CommandFarm(self).transactions

    def reporter(self, *targets, alwayslog=()):
        database = InlineDatabase(self.transactions)
        told = Told(targets, {"mine": "run it"}, frozenset(alwayslog))
        return Reporter(self.clock, database, lambda: NOW, told)

    def lines(self, reporter, job, *results):
        with capturedLogs() as events:
            for result in results:
                reporter.ended(job, result)
        return [formatEvent(event) for event in events]

    def subjects(self):
        return [message.subject for message in self.transactions.read(due_messages, NOW, 100)]

    def test_a_command_that_ended_well_is_a_line(self):
        self.assertEqual(
            ["Job mine completed with exit code 0"] * 2, self.lines(self.reporter(), "mine", ("", ""), ("", ""))
        )

    def test_a_task_that_ends_well_is_a_line_once(self):
        self.assertEqual(["Job a completed with exit code 0"], self.lines(self.reporter(), "a", None, None, None))

    def test_alwayslog_has_the_output(self):
        lines = self.lines(self.reporter(alwayslog=["mine"]), "mine", ("FOO", ""))
        self.assertEqual(
            ["Job mine completed with exit code 0", "Job output was:\nFOO\n", "Job error output was:\n\n"],
            lines,
        )

    def test_a_dash_is_the_log(self):
        lines = self.lines(self.reporter("-"), "mine", FAILED)
        self.assertEqual("Job mine completed with exit code 1", lines[0])
        self.assertTrue(
            lines[1].startswith("Job mine exited with code 1\n\nJob: mine\nCommand: run it\nExit code: 1\n")
        )
        self.assertEqual([], self.subjects())

    def test_what_is_known_of_a_job_that_fails_outlives_a_reporter(self):
        troubles = {}
        for _ in range(2):
            told = Told(("ann@example.com",), {"mine": "run it"})
            reporter = Reporter(self.clock, InlineDatabase(self.transactions), lambda: NOW, told, troubles)
            self.lines(reporter, "mine", FAILED)
        self.assertEqual((1, 2), (len(self.subjects()), troubles["mine"].count))

    def test_an_address_gets_a_mail(self):
        lines = self.lines(self.reporter("-", "ann@example.com"), "mine", FAILED)
        self.assertEqual("Mailing report to: ann@example.com", lines[-1])
        self.assertEqual(["Job mine exited with code 1"], self.subjects())

    def test_a_task_that_fails_sends_its_traceback(self):
        self.reporter("ann@example.com").ended("a", Failure(ZeroDivisionError()))
        (message,) = self.transactions.read(due_messages, NOW, 100)
        self.assertIn("ZeroDivisionError", message.body)

    def test_a_failure_that_an_operator_can_mend_is_told_without_a_traceback(self):
        self.reporter("ann@example.com").ended("a", Failure(BuildmasterError("the disk is full")))
        (message,) = self.transactions.read(due_messages, NOW, 100)
        self.assertIn("Standard Error:\n\nthe disk is full\n", message.body)

    def test_a_task_that_fails_every_second_is_a_line_once(self):
        failure = Failure(BuildmasterError("the disk is full"))
        lines = self.lines(self.reporter(), "a", failure, failure, failure, None)
        self.assertEqual(["Job a completed with exit code 1", "Job a completed with exit code 0"], lines)

    def test_the_same_failure_is_one_mail_and_recovery_another(self):
        self.lines(self.reporter("ann@example.com"), "mine", FAILED, FAILED, FAILED, ("", ""), ("", ""))
        self.assertEqual(["Job mine exited with code 1", "Job mine works again"], self.subjects())

    def test_a_database_that_fails_is_logged(self):
        reporter = self.reporter("ann@example.com")
        reporter._database.run = lambda *_: fail(ZeroDivisionError())
        reporter.ended("mine", FAILED)
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))
