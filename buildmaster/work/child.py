"""Run a command as a child process in a group of its own, within bounds."""

import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ProcessTerminated
from twisted.internet.interfaces import IDelayedCall, IProcessTransport, IReactorProcess, IReactorTime
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

KILL_AFTER = 10.0  # seconds from TERM to KILL
LINGER = 2.0  # seconds that others of the group may hold the pipes after the command itself has ended
GROUP_LEADER = "setsid"  # util-linux: makes its process the leader of a new session, and becomes the command


class IReactor(IReactorProcess, IReactorTime):
    """What starts processes, and keeps time."""


class ProcessFailedError(Exception):
    """A command did not end with 0. ``code`` is its exit code, or the negative number of the signal that ended it."""

    def __init__(self, code: int, output: str, errors: str) -> None:
        super().__init__(f"exit code {code}")
        self.code = code
        self.output = output
        self.errors = errors


class Tail:
    """The last bytes of what was written to it."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._bytes = bytearray()
        self._lost = 0

    def write(self, some: bytes) -> None:
        """Take in more, and forget the oldest."""
        self._bytes += some
        over = max(0, len(self._bytes) - self._size)
        self._lost += over
        del self._bytes[:over]

    def __str__(self) -> str:
        note = f"[{self._lost} bytes left out]\n" if self._lost else ""
        return note + self._bytes.decode(errors="replace")


class Child(ProcessProtocol):
    """One run of a command; ``turn`` fires with what it printed, or fails with ProcessFailedError.

    Cancelling ``turn`` ends the whole group, TERM first and KILL after ten seconds; it fires when that is done.
    """

    transport: IProcessTransport

    def __init__(self, clock: IReactorTime, size: int) -> None:
        self.turn: Deferred[tuple[str, str]] = Deferred(lambda _: self._stop())
        self.turn.addErrback(self._not_before_it_is_gone)
        self._gone: Deferred[tuple[str, str]] = Deferred()
        self._clock = clock
        self._output = Tail(size)
        self._errors = Tail(size)
        self._call: IDelayedCall | None = None

    def outReceived(self, data: bytes) -> None:
        """Keep what it prints."""
        self._output.write(data)

    def errReceived(self, data: bytes) -> None:
        """Keep what it complains of."""
        self._errors.write(data)

    def processExited(self, reason: Failure) -> None:
        """Wait a little for others of the group, which may still write; then end them."""
        self._forget_call()
        self._call = self._clock.callLater(LINGER, self._kill)

    def processEnded(self, reason: Failure) -> None:
        """Tell how it ended."""
        self._forget_call()
        printed = str(self._output), str(self._errors)
        done = self._gone if self.turn.called else self.turn
        if isinstance(reason.value, ProcessTerminated):
            done.errback(ProcessFailedError(_exit_code(reason.value), *printed))
        else:
            done.callback(printed)

    def _not_before_it_is_gone(self, failure: Failure) -> object:
        return self._gone if failure.check(CancelledError) else failure

    def _stop(self) -> None:
        self._errors.write(b"[stopped: it was over its limit]\n")
        self._signal(signal.SIGTERM)
        self._forget_call()
        self._call = self._clock.callLater(KILL_AFTER, self._kill)

    def _kill(self) -> None:
        self._signal(signal.SIGKILL)
        self.transport.loseConnection()

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.group, number)

    def connectionMade(self) -> None:
        """Remember the group, which outlives the process that leads it."""
        self.group = self.transport.pid

    def _forget_call(self) -> None:
        if self._call is not None and self._call.active():
            self._call.cancel()


def _exit_code(ended: ProcessTerminated) -> int:
    code: int = -ended.signal if ended.exitCode is None else ended.exitCode
    return code


@dataclass(frozen=True)
class Surroundings:
    """What commands are run in: the conf file that they find in their environment, and the farm's folder.

    ``size`` bytes of their output, and of their errors, are kept.
    """

    conf: Path
    root: Path
    size: int


class Command:
    """A job's command line: each run is a child process."""

    def __init__(self, reactor: IReactor, name: str, argv: Sequence[str], around: Surroundings) -> None:
        self.name = f"command {name}"
        self._reactor = reactor
        self._argv = tuple(argv)
        self._around = around

    def run(self) -> Deferred[tuple[str, str]]:
        """Start it, in the farm's folder; it finds the conf file in its environment."""
        child = Child(self._reactor, self._around.size)
        argv, root = [GROUP_LEADER, *self._argv], str(self._around.root)
        self._reactor.spawnProcess(child, GROUP_LEADER, argv, env=self._environment(os.environ), path=root)
        return child.turn

    def _environment(self, ours: Mapping[str, str]) -> dict[str, str]:
        return {**ours, "BUILDMASTER_CONF": str(self._around.conf)}
