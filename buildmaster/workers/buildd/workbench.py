"""Where one build is worked on: its folder, its log, and the programs that it runs."""

import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ProcessTerminated
from twisted.internet.interfaces import IDelayedCall, IProcessTransport, IReactorTime
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from buildmaster.workers.buildd.buildlog import BuildLog
from buildmaster.workers.buildd.leftovers import MARK, kill_marked, remove_tree
from buildmaster.workers.reactor import IReactor

GRACE = 30.0  # seconds; sbuild removes a whole chroot in them
PATIENCE = 5.0
KEPT_OUTPUT = 65536
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "LOGNAME": "buildd", "USER": "buildd"}

Kill = Callable[[int, int], None]


class StoppedError(Exception):
    """The build was stopped: nothing more is begun for it."""


@dataclass(frozen=True)
class Ended:
    """How a program ended: its exit code, or the signal that killed it; and the end of what it said."""

    code: int | None
    signal: int | None
    output: bytes = b""

    @property
    def well(self) -> bool:
        """Tell whether it did what it was to do."""
        return self.code == 0

    @property
    def missing(self) -> bool:
        """Tell whether there is no such program here, or none that can be run."""
        return self.code in {126, 127}


class Workbench:
    """Runs one program after another, each in a process group of its own, until it is told to stop.

    Programs get none of the daemon's environment, and carry a mark by which even those that left their group are found.
    """

    def __init__(self, reactor: IReactor, folder: Path, log: BuildLog, kill: Kill = os.killpg) -> None:
        self._reactor = reactor
        self._kill = kill
        self.folder = folder
        self.log = log
        self._stopped = False
        self._program: Program | None = None
        self._pause: Deferred[None] | None = None

    def run(self, *argv: str, cwd: Path | None = None, env: Mapping[str, str] = ENVIRONMENT) -> Deferred[Ended]:
        """Run a program to its end, its output going to the log; fail with StoppedError after ``stop()``."""
        if self._stopped:
            raise StoppedError
        self.log.note(f"$ {' '.join(argv)}")
        program = self._program = Program(self._reactor, self.log, self._kill)
        marked = {**env, MARK: str(self.folder)}
        self._reactor.spawnProcess(program, "setsid", ["setsid", *argv], marked, str(cwd or self.folder))
        return program.ended.addCallback(self._check)

    async def pause(self, seconds: float) -> None:
        """Let time pass; raise StoppedError after ``stop()``."""
        if self._stopped:
            raise StoppedError
        self._pause = deferLater(self._reactor, seconds)
        try:
            await self._pause
        except CancelledError:
            raise StoppedError from None

    def stop(self) -> None:
        """End what runs: politely, and after a grace with force. May be repeated."""
        if self._stopped:
            return
        self._stopped = True
        if self._pause:
            self._pause.cancel()
        if self._program:
            self._program.stop(signal.SIGTERM)
            self._reactor.callLater(GRACE, self._force)

    def clear(self) -> None:
        """Kill what is left of the build, and remove its folder: call it in a thread."""
        kill_marked(self.folder)
        remove_tree(self.folder)

    def _force(self) -> None:
        if self._program:
            self._program.stop(signal.SIGKILL)

    def _check(self, ended: Ended) -> Ended:
        self._program = None
        if self._stopped:
            raise StoppedError
        return ended


class Program(ProcessProtocol):
    """A child process whose output goes to the log; ``ended`` fires when it is over, its group with it."""

    transport: IProcessTransport  # from connectionMade on

    def __init__(self, clock: IReactorTime, log: BuildLog, kill: Kill) -> None:
        self._clock = clock
        self._kill = kill
        self._log = log
        self._group: int | None = None
        self._impatience: IDelayedCall | None = None
        self._output = b""
        self.ended: Deferred[Ended] = Deferred()

    def connectionMade(self) -> None:
        """Remember the group, and give it nothing to read."""
        self._group = self.transport.pid
        self.transport.closeStdin()

    def childDataReceived(self, childFD: int, data: bytes) -> None:  # noqa: N803  (Twisted's name)
        """Log what it says, on whichever of its two outputs."""
        self._log.write(data)
        self._output = (self._output + data)[-KEPT_OUTPUT:]

    def processExited(self, reason: Failure) -> None:
        """Kill what it left in its group, and don't wait long for what left that too but holds its output."""
        self.stop(signal.SIGKILL)
        self._group = None
        self._impatience = self._clock.callLater(PATIENCE, self.transport.loseConnection)

    def processEnded(self, reason: Failure) -> None:
        """Tell how it went."""
        if self._impatience is not None and self._impatience.active():
            self._impatience.cancel()
        code, number = _way_out(reason.value)
        self.ended.callback(Ended(code, number, self._output))

    def stop(self, number: int) -> None:
        """Send its whole group a signal."""
        if self._group is not None:
            with suppress(ProcessLookupError):
                self._kill(self._group, number)


def _way_out(end: BaseException | None) -> tuple[int | None, int | None]:
    """Return the exit code, or the signal; Twisted names none of them where all went well."""
    return (end.exitCode, end.signal) if isinstance(end, ProcessTerminated) else (0, None)
