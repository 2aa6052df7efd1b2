"""Run the tools of an import, each as a child process in a session of its own, within limits."""

import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessDone
from twisted.internet.interfaces import IDelayedCall, IProcessTransport
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from buildmaster.workers.codeimports.runlog import RunLog
from buildmaster.workers.reactor import IReactor

KILL_AFTER = 5.0  # seconds from INT to KILL
OUTPUT = 65536  # bytes of a tool's output that its caller gets


class StepFailedError(Exception):
    """A tool did not end well, or was ended."""


@dataclass(frozen=True)
class Limits:
    """What an import may use: seconds without a word and in all, bytes of memory of each process and of disk."""

    silence: float
    time: float
    memory: int
    disk: int

    def around(self, argv: tuple[str, ...]) -> list[str]:
        """Return the command that runs ``argv`` within these limits, as the leader of a session of its own."""
        bounds = ("--core=0", "--nofile=4096", f"--as={self.memory}", f"--fsize={self.disk}", f"--cpu={int(self.time)}")
        return ["/usr/bin/setsid", "/usr/bin/prlimit", *bounds, "--", *argv]


class Step(ProcessProtocol):
    """One run of one tool; ``ended`` fires with what it printed, or fails with StepFailedError."""

    transport: IProcessTransport  # from connectionMade on

    def __init__(self, run: "Run", name: str) -> None:
        self.ended: Deferred[str] = Deferred()
        self._run = run
        self._name = name
        self._output = b""

    def outReceived(self, data: bytes) -> None:
        """Keep what it prints, which is a sign of life."""
        self._run.heard(data)
        self._output = (self._output + data)[-OUTPUT:]

    def errReceived(self, data: bytes) -> None:
        """Keep what it says beside that."""
        self._run.heard(data)

    def processExited(self, reason: Failure) -> None:
        """End whatever it left behind in its session."""
        self.send(signal.SIGKILL)

    def processEnded(self, reason: Failure) -> None:
        """Tell how it ended."""
        self._run.over(self)
        if reason.check(ProcessDone):
            self.ended.callback(self._output.decode(errors="replace"))
        else:
            self.ended.errback(StepFailedError(f"{self._name} failed: {reason.getErrorMessage()}"))

    def send(self, number: int) -> None:
        """Send a signal to all of its session."""
        with suppress(ProcessLookupError):
            os.killpg(self.group, number)

    def connectionMade(self) -> None:
        """Remember the group, which outlives the process that leads it."""
        self.group = self.transport.pid


class Run:
    """The tools of one import, one after another."""

    def __init__(
        self, reactor: IReactor, log: RunLog, limits: Limits, environment: Mapping[str, str], folder: Path
    ) -> None:
        self._reactor = reactor
        self._log = log
        self._limits = limits
        self._environment = environment
        self._folder = folder
        self._step: Step | None = None
        self._killing: IDelayedCall | None = None
        self.killed: str | None = None
        self._silence = reactor.callLater(limits.silence, self.kill, f"it said nothing for {limits.silence:g} s")
        self._time = reactor.callLater(limits.time, self.kill, f"it took more than {limits.time:g} s")

    async def __call__(self, *argv: str, stdin: Path | None = None) -> str:
        """Run a tool; return the end of what it printed."""
        if self.killed:
            raise StepFailedError(self.killed)
        self._log.say(f"$ {' '.join(argv)}")
        self._step = step = Step(self, argv[0])
        descriptor = os.open(stdin or os.devnull, os.O_RDONLY)
        try:
            self._spawn(step, argv, descriptor)
        finally:
            os.close(descriptor)
        return await step.ended

    def _spawn(self, step: Step, argv: tuple[str, ...], descriptor: int) -> None:
        command = self._limits.around(argv)
        descriptors: dict[int, int | str] = {0: descriptor, 1: "r", 2: "r"}
        folder = str(self._folder)
        self._reactor.spawnProcess(step, command[0], command, dict(self._environment), folder, childFDs=descriptors)

    def heard(self, data: bytes) -> None:
        """Keep what a tool says; it lives."""
        self._log.write(data)
        if self._silence.active():
            self._silence.reset(self._limits.silence)

    def over(self, step: Step) -> None:
        """Forget a tool that has ended."""
        self._step = None
        if self._killing is not None and self._killing.active():
            self._killing.cancel()

    def kill(self, why: str) -> None:
        """End the import: INT first, KILL after five seconds."""
        if self.killed:
            return
        self.killed = why
        self._log.say(f"The import is ended: {why}.")
        if self._step is not None:
            self._step.send(signal.SIGINT)
            self._killing = self._reactor.callLater(KILL_AFTER, self._step.send, signal.SIGKILL)

    def close(self) -> None:
        """Forget the limits of time."""
        for call in (self._silence, self._time):
            if call.active():
                call.cancel()


def size_of(*folders: Path) -> int:
    """Return how many bytes the files below the folders take."""
    total = 0
    for folder in folders:
        for place, _folders, names in os.walk(folder):
            for name in names:
                with suppress(FileNotFoundError):
                    total += os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118  # thousands: Path is slow
    return total
