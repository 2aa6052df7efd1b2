"""Ask for jobs, run them one after another, and tell the scheduler how each goes and ends."""

import fcntl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from buildmaster.importworker.fence import Fence, FencedError
from buildmaster.importworker.importers import IMPORTERS
from buildmaster.importworker.runlog import RunLog
from buildmaster.importworker.running import Limits, Run, StepFailedError, size_of
from buildmaster.importworker.scheduler import JobGoneError, RefusedError, Scheduler, UnreachableError
from buildmaster.importworker.sources import Source, UnfitError, source_of
from buildmaster.importworker.surroundings import Place, environment, place_of, prepare

TRIES = 10  # to hand in a result; the time between them grows to ten minutes
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


class ImportWorker(Service):
    """The worker. ``in_thread`` runs what blocks off the reactor; ``proxy_port`` is that of the proxy within the fence.

    With ``after_one``, it is called when one job is done, or there was none.
    """

    def __init__(
        self,
        reactor: Any,
        in_thread: Callable[..., Deferred[Any]],
        scheduler: Scheduler,
        fence: Fence,
        settings: Settings,
        proxy_port: Callable[[], int],
        after_one: Callable[[], object] | None = None,
    ) -> None:
        self._reactor = reactor
        self._in_thread = in_thread
        self._scheduler = scheduler
        self._fence = fence
        self._settings = settings
        self._proxy_port = proxy_port
        self._after_one = after_one
        self._run: Run | None = None
        self._working: Deferred[None] | None = None

    def startService(self) -> None:
        """Begin to ask for jobs."""
        super().startService()
        self._working = self._begin()

    def stopService(self) -> Deferred[None] | None:
        """End what runs: its job is handed in as killed."""
        super().stopService()
        if self._run is not None:
            self._run.kill("the worker stops")
            return self._working
        if self._working is not None:
            self._working.cancel()
        return None

    def _begin(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self._work()).addErrback(self._begin_again)

    def _begin_again(self, failure: Failure) -> Deferred[None] | None:
        """Go on after a fault of ours: the master takes the job from us when our heart is still."""
        if failure.check(CancelledError):
            return None
        log.failure("the import worker failed", failure=failure)
        if self._after_one is not None:
            self._after_one()
            return None
        return deferLater(self._reactor, self._settings.poll, self._begin)

    async def _work(self) -> None:
        while self.running:
            found = await self.turn()
            if self._after_one is not None:
                self._after_one()
                return
            if not found and self.running:
                await deferLater(self._reactor, self._settings.poll)

    async def turn(self) -> bool:
        """Ask for a job and do it; return False when there was none."""
        try:
            job_id = await self._in_thread(self._scheduler.job)
            fields = await self._in_thread(self._scheduler.source, job_id) if job_id else None
        except (UnreachableError, RefusedError, JobGoneError) as error:
            log.warn("{error}", error=error)
            return False
        if fields is None:
            log.debug("No jobs pending.")
            return False
        log.info("Dispatching job {job}.", job=job_id)
        await self._do(job_id, fields)
        return True

    async def _do(self, job_id: int, fields: dict[str, object]) -> None:
        run_log = RunLog(self._settings.log_size)
        try:
            status = await self._import(job_id, fields, run_log)
        except (UnfitError, FencedError) as error:
            run_log.say(f"Refused: {error}.")
            status = "FAILURE"
        except OSError as error:
            run_log.say(f"The worker failed: {error}.")
            status = "INTERNAL_FAILURE"
        if status is not None:
            await self._hand_in(job_id, status, run_log)

    async def _import(self, job_id: int, fields: dict[str, object], run_log: RunLog) -> str | None:
        """Return the name of the result, None when the job is no longer ours."""
        source = source_of(fields, self._settings.schemes)
        if source.host is not None:
            source = source.at(await self._in_thread(self._fence.way_to, source.host))
        place = place_of(self._settings.store, source.name)
        port = self._proxy_port()
        prepare(place, port)
        with locked(place):
            surroundings = environment(place, port, self._settings.schemes)
            self._run = run = Run(self._reactor, run_log, self._settings.limits, surroundings, place.work)
            beat = Heart(self._reactor, self._settings.heartbeat, self._pulse(job_id, run, run_log, place))
            try:
                return await imported(source, place, run)
            except StepFailedError as error:
                run_log.say(str(error))
                return None if beat.gone else outcome(run, place)
            finally:
                self._run = None
                beat.stop()
                run.close()

    def _pulse(self, job_id: int, run: Run, run_log: RunLog, place: Place) -> Callable[[], Awaitable[bool]]:
        """Return what is done at each heartbeat; it fires with False when the job is no longer ours."""

        async def pulse() -> bool:
            if await self._in_thread(size_of, place.repository, place.work) > self._settings.limits.disk:
                run.kill(f"it takes more than {self._settings.limits.disk} bytes of disk")
            try:
                await self._in_thread(self._scheduler.beat, job_id, run_log.tail)
            except JobGoneError:
                log.info("Job {job} not found, exiting quietly.", job=job_id)
                run.kill("the job is no longer ours")
                return False
            except (UnreachableError, RefusedError) as error:
                log.warn("{error}", error=error)
            return True

        return pulse

    async def _hand_in(self, job_id: int, status: str, run_log: RunLog) -> None:
        for number in range(TRIES):
            try:
                await self._in_thread(self._scheduler.finish, job_id, status, run_log.text)
            except UnreachableError as error:
                log.warn("{error}", error=error)
                if not self.running:
                    return
                await deferLater(self._reactor, min(600.0, self._settings.poll * 2**number))
            except (JobGoneError, RefusedError) as error:
                log.warn("the result of job {job} is refused: {error}", job=job_id, error=error)
                return
            else:
                log.info("Job {job} ended: {status}.", job=job_id, status=status)
                return


async def imported(source: Source, place: Place, run: Run) -> str:
    """Import; note when that went well for the first time."""
    await IMPORTERS[source.kind](source, place, run)
    (place.work / "imported").touch()
    return "SUCCESS"


def outcome(run: Run, place: Place) -> str:
    """Return how a run ended that did not end well."""
    if run.killed == "the worker stops":
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

    def __init__(self, clock: Any, interval: float, pulse: Callable[[], Awaitable[bool]]) -> None:
        self.gone = False
        self._clock = clock
        self._interval = interval
        self._pulse = pulse
        self._beating = Deferred.fromCoroutine(self._beat())
        self._beating.addErrback(note_fault)

    async def _beat(self) -> None:
        while await self._pulse():
            await deferLater(self._clock, self._interval)
        self.gone = True

    def stop(self) -> None:
        """Beat no more."""
        self._beating.cancel()


def note_fault(failure: Failure) -> None:
    """Say what ended the beats, if they were not ended on purpose."""
    if not failure.check(CancelledError):
        log.failure("the heart of an import stopped", failure=failure)
