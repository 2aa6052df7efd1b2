"""A command runs in a group of its own, within its bounds, and its end is the end of the turn."""

import subprocess

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.work.child import KILL_AFTER, LINGER, Child, Command, ProcessFailedError, Surroundings, Tail

DONE = Failure(ProcessDone(0))


class Pipes:
    """The transport of a real process that the test started."""

    def __init__(self, pid):
        self.pid = pid
        self.closed = False

    def loseConnection(self):
        self.closed = True


class ChildTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.child = Child(self.clock, 100)
        self.child.turn.addErrback(lambda failure: failure.value)

    def start(self, script="sleep 60"):
        process = subprocess.Popen(["sh", "-c", script], start_new_session=True, stdout=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.pipes = Pipes(process.pid)
        self.child.makeConnection(self.pipes)
        return process

    def test_a_good_end_has_what_was_printed(self):
        self.child.outReceived(b"FOO")
        self.child.errReceived(b"BAR")
        self.child.processEnded(DONE)
        self.assertEqual(("FOO", "BAR"), self.successResultOf(self.child.turn))

    def test_an_exit_code_is_a_failure(self):
        self.child.processEnded(Failure(ProcessTerminated(3)))
        self.assertEqual(3, self.successResultOf(self.child.turn).code)

    def test_a_signal_is_a_negative_code(self):
        self.child.processEnded(Failure(ProcessTerminated(None, 9)))
        self.assertEqual(-9, self.successResultOf(self.child.turn).code)

    def test_over_its_limit_the_group_is_told_to_end_and_waited_for(self):
        process = self.start("sleep 60 & wait")
        self.child.turn.cancel()
        self.assertEqual(-15, process.wait(10))
        self.assertNoResult(self.child.turn)
        self.child.processEnded(Failure(ProcessTerminated(None, 15)))
        self.assertIsInstance(self.successResultOf(self.child.turn), ProcessFailedError)
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_one_that_does_not_obey_is_killed(self):
        process = self.start("trap '' TERM; echo ready; while :; do sleep 60; done")
        process.stdout.readline()
        self.child.turn.cancel()
        self.clock.advance(KILL_AFTER)
        self.assertEqual(-9, process.wait(10))
        self.assertTrue(self.pipes.closed)

    def test_what_lingers_is_ended_with_its_group(self):
        process = self.start("sleep 60 & echo $!")
        self.child.processExited(DONE)
        self.clock.advance(LINGER)
        self.assertTrue(self.pipes.closed)
        self.assertEqual(b"", process.stdout.read().partition(b"\n")[2])


class TailTests(SynchronousTestCase):
    @given(st.lists(st.binary(max_size=50)), st.integers(1, 60))
    def test_the_last_bytes_are_kept(self, pieces, size):
        tail = Tail(size)
        for piece in pieces:
            tail.write(piece)
        self.assertEqual(b"".join(pieces)[-size:], bytes(tail._bytes))

    def test_it_says_what_it_left_out(self):
        tail = Tail(3)
        tail.write(b"abcdef")
        self.assertEqual("[3 bytes left out]\ndef", str(tail))


class Spawner:
    """A reactor that only remembers what it was to start."""

    def spawnProcess(self, child, executable, args, **more):
        self.args, self.more = args, more


class CommandTests(SynchronousTestCase):
    def test_argv_is_right_and_the_conf_file_is_known(self):
        spawner = Spawner()
        Command(spawner, "mine", ["echo", "a b"], Surroundings("/farm.conf", "/farm", 100)).run()
        self.assertEqual(["setsid", "echo", "a b"], spawner.args)
        self.assertEqual(("/farm.conf", "/farm"), (spawner.more["env"]["BUILDMASTER_CONF"], spawner.more["path"]))
