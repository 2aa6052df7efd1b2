"""Programs are run one after another, with nothing of ours around them, and all stop when they are told to."""

import signal

from twisted.internet.defer import ensureDeferred
from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.workers.buildd.buildlog import BuildLog
from buildmaster.workers.buildd.leftovers import MARK
from buildmaster.workers.buildd.workbench import GRACE, PATIENCE, Ended, StoppedError, Workbench
from tests.support.databases import a_folder


class Transport:
    """A child process, as its protocol sees it."""

    pid = 4242

    def __init__(self):
        self.lost = False

    def closeStdin(self):
        pass

    def loseConnection(self):
        self.lost = True


class ProgramClock(Clock):
    """A clock that remembers the programs that it was told to start."""

    def __init__(self):
        super().__init__()
        self.started = []

    def spawnProcess(self, protocol, executable, argv, env, path):
        self.started.append((protocol, argv, env, path))
        protocol.makeConnection(Transport())


class WorkbenchTests(SynchronousTestCase):
    def setUp(self):
        self.clock = ProgramClock()
        self.folder = a_folder()
        log = BuildLog(self.folder / "log")
        self.addCleanup(log.close)
        self.signals = []
        self.bench = Workbench(self.clock, self.folder, log, lambda group, number: self.signals.append((group, number)))

    def run_program(self):
        done = self.bench.run("make", "all")
        return done, self.clock.started[-1][0]

    def end(self, program, status=0, number=None):
        reason = ProcessDone(0) if status == 0 and number is None else ProcessTerminated(status, number)
        program.processExited(Failure(reason))
        program.processEnded(Failure(reason))

    def test_a_program_leads_a_group_of_its_own(self):
        self.run_program()
        _, argv, env, path = self.clock.started[0]
        self.assertEqual((["setsid", "make", "all"], str(self.folder)), (argv, path))
        self.assertEqual({"PATH", "LC_ALL", "LOGNAME", "USER", MARK}, set(env))

    def test_what_it_says_is_logged_and_returned(self):
        done, program = self.run_program()
        program.childDataReceived(1, b"out\n")
        program.childDataReceived(2, b"err\n")
        self.end(program)
        self.assertEqual(Ended(0, None, b"out\nerr\n"), self.successResultOf(done))
        self.assertEqual(b"$ make all\nout\nerr\n", self.bench.log.tail)

    def test_a_failure_is_an_end_like_others(self):
        done, program = self.run_program()
        self.end(program, 2)
        self.assertEqual(Ended(2, None), self.successResultOf(done))

    def test_what_a_program_left_in_its_group_is_killed(self):
        _, program = self.run_program()
        self.end(program)
        self.assertEqual([(4242, signal.SIGKILL)], self.signals)

    def test_a_stopped_program_gets_a_grace(self):
        done, program = self.run_program()
        self.bench.stop()
        self.assertEqual([(4242, signal.SIGTERM)], self.signals)
        self.clock.advance(GRACE)
        self.assertEqual((4242, signal.SIGKILL), self.signals[-1])
        self.end(program, None, 9)
        self.failureResultOf(done, StoppedError)

    def test_nothing_is_begun_after_a_stop(self):
        self.bench.stop()
        self.assertRaises(StoppedError, self.bench.run, "make")
        self.failureResultOf(ensureDeferred(self.bench.pause(1)), StoppedError)

    def test_a_pause_can_be_stopped(self):
        pause = ensureDeferred(self.bench.pause(60))
        self.bench.stop()
        self.failureResultOf(pause, StoppedError)
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_a_child_that_holds_the_output_does_not_hold_up_the_end(self):
        _, program = self.run_program()
        program.processExited(Failure(ProcessDone(0)))
        self.clock.advance(PATIENCE)
        self.assertTrue(program.transport.lost)

    def test_no_call_is_left_when_a_program_has_ended(self):
        _, program = self.run_program()
        self.end(program)
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_clearing_removes_the_folder(self):
        self.bench.clear()
        self.assertFalse(self.folder.exists())
