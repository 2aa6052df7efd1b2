"""The tools of an import run within limits, and their log is kept."""

import signal
import tempfile
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.workers.codeimports.runlog import RunLog
from buildmaster.workers.codeimports.running import Limits, Run, StepFailedError, size_of

LIMITS = Limits(silence=3600.0, time=86400.0, memory=2**32, disk=2**30)


class Transport:
    pid = 2**22 + 1  # no process has it

    def loseConnection(self):
        """Nothing is open."""


class Processes(Clock):
    """A clock that starts processes in memory."""

    def __init__(self):
        super().__init__()
        self.started = []

    def spawnProcess(self, protocol, executable, args, env, *_more, **_options):
        self.started.append((args, env))
        self.protocol = protocol
        self.signals = []
        protocol.send = self.signals.append
        protocol.makeConnection(Transport())


class RunTests(SynchronousTestCase):
    def setUp(self):
        self.reactor = Processes()
        self.log = RunLog(10000)
        self.run_ = Run(self.reactor, self.log, LIMITS, {"HOME": "/nowhere"}, Path("/"))
        self.ended = Deferred.fromCoroutine(self.run_("git", "fetch"))

    def end(self, reason):
        self.reactor.protocol.processEnded(Failure(reason))

    def test_a_tool_is_bounded_and_sees_nothing_of_ours(self):
        args, env = self.reactor.started[0]
        self.assertEqual(["/usr/bin/setsid", "/usr/bin/prlimit"], args[:2])
        self.assertIn(f"--as={2**32}", args)
        self.assertEqual((["git", "fetch"], {"HOME": "/nowhere"}), (args[-2:], env))

    def test_what_it_prints_is_logged_and_returned(self):
        self.reactor.protocol.outReceived(b"done\n")
        self.reactor.protocol.errReceived(b"warned\n")
        self.end(ProcessDone(0))
        self.assertEqual("done\n", self.successResultOf(self.ended))
        self.assertEqual(b"$ git fetch\ndone\nwarned\n", self.log.text)

    def test_a_failure_says_which_tool(self):
        self.end(ProcessTerminated(1))
        self.assertIn("git failed", str(self.failureResultOf(self.ended, StepFailedError).value))

    def test_no_word_for_an_hour_ends_it(self):
        self.reactor.advance(3599)
        self.reactor.protocol.errReceived(b".")
        self.reactor.advance(3599)
        self.assertEqual([], self.reactor.signals)
        self.reactor.advance(1)
        self.assertEqual([signal.SIGINT], self.reactor.signals)
        self.reactor.advance(5)
        self.assertEqual([signal.SIGINT, signal.SIGKILL], self.reactor.signals)
        self.assertIn(b"it said nothing for 3600 s", self.log.text)

    def test_a_day_ends_it_whatever_it_says(self):
        for _ in range(24):
            self.reactor.advance(3599)
            self.reactor.protocol.outReceived(b".")
        self.reactor.advance(24)
        self.assertEqual("it took more than 86400 s", self.run_.killed)

    def test_nothing_more_is_run_after_a_kill(self):
        self.run_.kill("enough")
        self.end(ProcessTerminated(None, signal.SIGINT))
        self.failureResultOf(self.ended, StepFailedError)
        self.failureResultOf(Deferred.fromCoroutine(self.run_("git", "gc")), StepFailedError)
        self.assertEqual(1, len(self.reactor.started))

    def test_it_leaves_no_calls_behind(self):
        self.run_.kill("enough")
        self.end(ProcessDone(0))
        self.run_.close()
        self.assertEqual([], self.reactor.getDelayedCalls())


class LogTests(SynchronousTestCase):
    def test_the_middle_of_a_long_log_is_left_out(self):
        log = RunLog(10)
        log.write(b"abcdefgh")
        log.write(b"ijklmnop")
        self.assertEqual(b"abcde\n[6 bytes left out]\nlmnop", log.text)

    def test_the_tail_is_short(self):
        log = RunLog(10000)
        log.write(b"x" * 9000 + b"end")
        self.assertEqual((2048, b"end"), (len(log.tail), log.tail[-3:]))

    def test_credentials_are_not_in_it(self):
        log = RunLog(10000)
        log.say("fetching https://me:secret@example.org/ and :pserver:me:secret@example.org:/cvs")
        self.assertNotIn(b"secret", log.text + log.tail)


class SizeTests(SynchronousTestCase):
    def test_all_files_count(self):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "a").mkdir()
            (Path(folder) / "a/b").write_bytes(b"1234")
            (Path(folder) / "c").write_bytes(b"12")
            self.assertEqual(6, size_of(Path(folder), Path(folder) / "missing"))
