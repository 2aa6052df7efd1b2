"""Give each job its turn, one at a time.

Whatever a job does - end, fail, raise, hang, never call back - its turn ends, and the next one comes. While the
service runs, exactly one delayed call is pending: the wait for the next turn, or the limit of this one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from buildmaster.farm.turns import LEAST_PAUSE, TurnFacts, due_after, due_when_nudged, next_turn, rest_after

GRACE = 30.0  # seconds that a turn over its limit has for ending; a child process gets 10 of them before it is killed


class Task(Protocol):
    """What a job does in its turn."""

    name: str

    def run(self) -> Any:  # Any: a coroutine, a Deferred of anything, or a value
        """Do it; the turn ends when what this returns has a result."""


@dataclass(frozen=True)
class JobTimes:
    """The times of a job, in seconds.

    ``delay`` is the least time from the end of one run to the start of the next, and ``rest`` is that where the job is
    nudged; ``limit`` is how long a run may take.
    """

    delay: float
    limit: float
    rest: float = LEAST_PAUSE


class BuildSequencerJob:
    """One job, to be run over and over again. ``due`` and ``ended`` are of the monotonic clock, as ``now`` is."""

    def __init__(self, name: str, task: Task, times: JobTimes, now: float) -> None:
        self.name = name
        self.task = task
        self.delay = times.delay
        self.limit = times.limit
        self.turns = 0
        self._begun = now
        self._least = self._rest = times.rest
        self.wait(now)

    def wait(self, now: float) -> None:
        """Be due after the delay, as if a run had ended now."""
        self.due = now + self.delay
        self.ended = now
        self._nudged = False

    def nudge(self, now: float) -> bool:
        """Be due at once, or again at once if this comes during a run; tell whether that is sooner than it was.

        Many nudges are one. After a run that took long the job rests first, in proportion.
        """
        due, self._nudged = self.due, True
        self.due = due_when_nudged(due, self.ended + self._rest, now)
        return self.due < due

    def begin(self, now: float) -> Deferred[Any]:  # Any: what the task returns is nobody's business
        """Run the task; an error of any kind is the Deferred's failure."""
        self._nudged = False
        self._begun = now
        return maybeDeferred(self.task.run)

    def end(self, now: float) -> None:
        """Be due again after the delay."""
        self.turns += 1
        self.ended = now
        self._rest = rest_after(now - self._begun, self._least)
        self.due = due_after(now, self.delay, self._rest, nudged=self._nudged)


class TurnGivenUpError(Exception):
    """A turn was over its limit and did not end when it was told to."""


class BuildSequencer(Service):
    """Gives turns to jobs. ``report(name, result)`` is told of the end of each, a Failure if it failed.

    ``late`` is true from the moment that a turn is over its limit until another turn ends in time.

    ``stop_limit`` is how long a turn under way may go on when the service stops, in seconds.
    """

    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        jobs: Sequence[BuildSequencerJob],
        report: Callable[[str, object], None],
        stop_limit: float = 60.0,
    ) -> None:
        self.jobs = tuple(jobs)
        self.current: BuildSequencerJob | None = None
        self._clock = clock
        self._report = report
        self._stop_limit = stop_limit
        self._call: IDelayedCall | None = None
        self._turn: Deferred[Any] = succeed(None)
        self._stopped: list[Deferred[None]] = []
        self._said: set[str] = set()
        self._turns = 0
        self._overdue = 0
        self.late = False

    def startService(self) -> None:
        """Wait for the first turn: each job first waits for its delay."""
        super().startService()
        if self.current is None:
            for job in self.jobs:
                job.wait(self._clock.seconds())
            self._schedule()

    def stopService(self) -> Deferred[None]:
        """Begin no more turns; fire when the one under way has ended, which it must within the stop's limit."""
        super().stopService()
        if self.current is None:
            self._forget_call()
            return succeed(None)
        if self._call is not None and self._call.getTime() > self._clock.seconds() + self._stop_limit:
            self._call.reset(self._stop_limit)
        self._stopped.append(Deferred())
        return self._stopped[-1]

    def turns(self) -> tuple[TurnFacts, ...]:
        """Return how each job stands."""
        now = self._clock.seconds()
        return tuple(
            TurnFacts(job.name, job.turns, job is self.current, now - job.ended, max(0.0, job.due - now))
            for job in self.jobs
        )

    def nudge(self, name: str) -> None:
        """Make the jobs due at once that have this name or do this task; a child process is not nudged."""
        now = self._clock.seconds()
        nudged = [job for job in self.jobs if name in {job.name, job.task.name}]
        sooner = [job for job in nudged if job.nudge(now)]
        if sooner and self.running and self.current is None:
            self._schedule()

    def _schedule(self) -> None:
        self._forget_call()
        if not self.jobs:
            return
        job, wait = next_turn(self.jobs, self._clock.seconds())
        if job.name not in self._said:
            self._said.add(job.name)
            self.log.info("Scheduling {job} for {wait:6.3g} seconds time", job=job.name, wait=wait)
        self._call = self._clock.callLater(wait, self._begin, job)

    def _forget_call(self) -> None:
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._call = None

    def _begin(self, job: BuildSequencerJob) -> None:
        self.current = job
        self._turns += 1
        self._call = self._clock.callLater(job.limit, self._over_limit, self._turns)
        self._turn = job.begin(self._clock.seconds())
        self._turn.addBoth(self._ended, self._turns)

    def _over_limit(self, turn: int) -> None:
        self._overdue = turn
        self.late = True
        self._call = self._clock.callLater(GRACE, self._give_up, turn)
        self._turn.cancel()

    def _give_up(self, turn: int) -> None:
        self._ended(Failure(TurnGivenUpError("the turn did not end when it was over its limit")), turn)

    def _ended(self, result: object, turn: int) -> None:
        """End the turn, after success and failure alike; a turn that was given up ends only once."""
        job = self.current
        if job is None or turn != self._turns:
            return
        self._forget_call()
        self.current = None
        self.late = self.late and turn == self._overdue
        job.end(self._clock.seconds())
        self._tell(job, result)
        if self.running:
            self._schedule()
        stopped, self._stopped = self._stopped, []
        for waiting in stopped:
            waiting.callback(None)

    def _tell(self, job: BuildSequencerJob, result: object) -> None:
        try:
            self._report(job.name, result)
        except Exception:  # noqa: BLE001 - nothing that a report does ends the sequence
            self.log.failure("the end of {job} could not be reported", job=job.name)
