"""Ask for jobs, and do them one after another."""

from collections.abc import Callable

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from buildmaster.workers.codeimports.job import Job, Parts
from buildmaster.workers.codeimports.scheduler import JobGoneError, RefusedError, UnreachableError

log = Logger()


class ImportWorker(Service):
    """The worker. With ``after_one``, that is called when one job is done, or there was none."""

    def __init__(self, parts: Parts, after_one: Callable[[], object] | None = None) -> None:
        self._parts = parts
        self._after_one = after_one
        self._job: Job | None = None
        self._working: Deferred[None] | None = None

    def startService(self) -> None:
        """Begin to ask for jobs."""
        super().startService()
        self._working = self._begin()

    def stopService(self) -> Deferred[None] | None:
        """End what runs: its job is handed in as killed."""
        super().stopService()
        if self._job is not None and self._job.stop():
            return self._working
        if self._working is not None:
            self._working.cancel()
        return None

    def _begin(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self._work()).addErrback(self._begin_again)

    def _begin_again(self, failure: Failure) -> Deferred[None]:
        """Go on after a fault of ours: the master takes the job from us when our heart is still."""
        if failure.check(CancelledError):
            return succeed(None)
        log.failure("the import worker failed", failure=failure)
        if self._after_one is not None:
            self._after_one()
            return succeed(None)
        return deferLater(self._parts.reactor, self._parts.settings.poll).addCallback(lambda _: self._begin())

    async def _work(self) -> None:
        while self.running:
            found = await self._turn()
            if self._after_one is not None:
                self._after_one()
                return
            if not found and self.running:
                await deferLater(self._parts.reactor, self._parts.settings.poll)

    async def _turn(self) -> bool:
        """Ask for a job and do it; return False when there was none."""
        scheduler, in_thread = self._parts.scheduler, self._parts.in_thread
        try:
            job_id = await in_thread(scheduler.job)
            fields = await in_thread(scheduler.source, job_id) if job_id else None
        except (UnreachableError, RefusedError, JobGoneError) as error:
            log.warn("{error}", error=error)
            return False
        if fields is None:
            log.debug("No jobs pending.")
            return False
        log.info("Dispatching job {job}.", job=job_id)
        self._job = Job(self._parts, job_id, fields)
        try:
            await self._job.do()
        finally:
            self._job = None
        return True
