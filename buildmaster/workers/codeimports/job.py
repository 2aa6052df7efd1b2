"""One job of a worker: import, with a beating heart, and hand in what came of it."""

import fcntl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from buildmaster.workers.codeimports.fence import Fence, FencedError
from buildmaster.workers.codeimports.importers import IMPORTERS
from buildmaster.workers.codeimports.runlog import RunLog
from buildmaster.workers.codeimports.running import Limits, Run, StepFailedError, size_of
from buildmaster.workers.codeimports.scheduler import (
    JobGoneError,
    RefusedError,
    Scheduler,
    TooLongError,
    UnreachableError,
)
from buildmaster.workers.codeimports.sources import Source, UnfitError, source_of
from buildmaster.workers.codeimports.surroundings import Place, environment, place_of, prepare
from buildmaster.workers.reactor import InThread, IReactor

TRIES = 10  # to hand in a result; the time between them grows to ten minutes
STOPS = "the worker stops"
log = Logger()


@dataclass(frozen=True)
class Settings:
    """What an operator decides about a worker; ``poll`` and ``heartbeat`` are in seconds, ``log_size`` in bytes."""

    store: Path
    schemes: frozenset[str]
    limits: Limits
    poll: float = 10.0
    heartbeat: float = 30.0
    log_size: int = 1048576


@dataclass(frozen=True)
class Parts:
    """What a worker works with. ``in_thread`` runs what blocks off the ``reactor``.

    ``proxy_port`` returns the port of the proxy within the fence.
    """

    reactor: IReactor
    in_thread: InThread
    scheduler: Scheduler
    fence: Fence
    settings: Settings
    proxy_port: Callable[[], int]


class Job:
    """A job that the scheduler gave us; ``fields`` say what it is to import."""

    def __init__(self, parts: Parts, job_id: int, fields: Mapping[str, object]) -> None:
        self._parts = parts
        self._id = job_id
        self._fields = fields
        self._log = RunLog(parts.settings.log_size)
        self._run: Run | None = None
        self._stopping = False

    async def do(self) -> None:
        """Import, and hand in the result, unless the job is no longer ours."""
        try:
            status = await self._import()
        except (UnfitError, FencedError) as error:
            self._log.say(f"Refused: {error}.")
            status = "FAILURE"
        except OSError as error:
            self._log.say(f"The worker failed: {error}.")
            status = "INTERNAL_FAILURE"
        if status is not None:
            await self._hand_in(status)

    def stop(self) -> bool:
        """End what runs, to be handed in as killed; return False when nothing runs that is worth waiting for."""
        self._stopping = True
        if self._run is None:
            return False
        self._run.kill(STOPS)
        return True

    async def _import(self) -> str | None:
        """Return the name of the result, None when the job is no longer ours."""
        parts, settings = self._parts, self._parts.settings
        source = source_of(self._fields, settings.schemes)
        if source.host is not None:
            source = source.at(await parts.in_thread(parts.fence.way_to, source.host))
        place, port = place_of(settings.store, source.name), parts.proxy_port()
        prepare(place, port)
        with locked(place):
            surroundings = environment(place, port, settings.schemes)
            self._run = Run(parts.reactor, self._log, settings.limits, surroundings, place.work)
            return await self._follow(source, place, self._run)

    async def _follow(self, source: Source, place: Place, run: Run) -> str | None:
        """Import while the heart beats."""
        heart = Heart(self._parts.reactor, self._parts.settings.heartbeat, lambda: self._beat(place, run))
        try:
            await IMPORTERS[source.kind](source, place, run)
        except StepFailedError as error:
            self._log.say(str(error))
            return None if heart.gone else outcome(run, place)
        finally:
            self._run = None
            heart.stop()
            run.close()
        note_success(place)
        return "SUCCESS"

    async def _beat(self, place: Place, run: Run) -> bool:
        """Say that the job goes on; return False when it is no longer ours."""
        limit = self._parts.settings.limits.disk
        if await self._parts.in_thread(size_of, place.repository, place.work) > limit:
            run.kill(f"it takes more than {limit} bytes of disk")
        try:
            await self._parts.in_thread(self._parts.scheduler.beat, self._id, self._log.tail)
        except JobGoneError:
            log.info("Job {job} not found, exiting quietly.", job=self._id)
            run.kill("the job is no longer ours")
            return False
        except (UnreachableError, RefusedError) as error:
            log.warn("{error}", error=error)
        return True

    async def _hand_in(self, status: str) -> None:
        text = self._log.text
        for number in range(TRIES):
            try:
                await self._parts.in_thread(self._parts.scheduler.finish, self._id, status, text)
            except TooLongError:
                text = self._log.tail
            except UnreachableError as error:
                log.warn("{error}", error=error)
                if self._stopping:
                    return
                await deferLater(self._parts.reactor, min(600.0, self._parts.settings.poll * 2**number))
            except (JobGoneError, RefusedError) as error:
                log.warn("the result of job {job} is refused: {error}", job=self._id, error=error)
                return
            else:
                log.info("Job {job} ended: {status}.", job=self._id, status=status)
                return


def note_success(place: Place) -> None:
    """Note that something was imported: what fails later is an update."""
    (place.work / "imported").touch()


def outcome(run: Run, place: Place) -> str:
    """Return how a run ended that did not end well."""
    if run.killed == STOPS:
        return "KILLED"
    return "UPDATE_FAILURE" if place.begun else "CHECKOUT_FAILURE"


class locked:  # noqa: N801  # read as a word: with locked(place)
    """Holds a place against other workers on the same disk; raises OSError when one is there."""

    def __init__(self, place: Place) -> None:
        self._file = (place.work / "lock").open("w")

    def __enter__(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise

    def __exit__(self, *_failure: object) -> None:
        self._file.close()


class Heart:
    """Beats while a job runs: at once, then regularly, counted from the end of the last beat."""

    def __init__(self, clock: IReactorTime, interval: float, beat: Callable[[], Awaitable[bool]]) -> None:
        self.gone = False
        self._clock = clock
        self._interval = interval
        self._beat = beat
        self._beating = Deferred.fromCoroutine(self._go_on())
        self._beating.addErrback(note_fault)

    async def _go_on(self) -> None:
        while await self._beat():
            await deferLater(self._clock, self._interval)
        self.gone = True

    def stop(self) -> None:
        """Beat no more."""
        self._beating.cancel()


def note_fault(failure: Failure) -> None:
    """Say what ended the beats, if they were not ended on purpose."""
    if not failure.check(CancelledError):
        log.failure("the heart of an import stopped", failure=failure)
