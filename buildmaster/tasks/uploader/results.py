"""Record the results of builds, many at once: what fits is accepted, the rest refused, and their folders settled."""

from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, DeferredList
from twisted.logger import Logger
from twisted.python.failure import Failure

from buildmaster.errors import BuildmasterError
from buildmaster.farm.uploads.binaries import known_faults
from buildmaster.files.uploadfolders import LeafLog
from buildmaster.model.uploads.contents import known_contents
from buildmaster.model.uploads.refusedresults import refuse_results
from buildmaster.model.uploads.results import Reasons, Results, Uploading, record_results
from buildmaster.tasks.uploader.command import UploadCommand
from buildmaster.tasks.uploader.resultfolders import (
    ResultFolder,
    check,
    result_folder,
    run_command,
    settle_accepted,
    settle_refused,
    write_reasons,
)
from buildmaster.work.taskcontext import TaskContext

AT_ONCE = 50  # results that are taken in at once
CANT = "{leaf} can't be taken in now: {error}"

log = Logger()


async def spared(leaf: str, work: Awaitable[None]) -> None:
    """Wait for the work; what goes wrong with one leaf spares the others, and another turn tries again."""
    try:
        await work
    except (BuildmasterError, OSError) as error:
        log.failure(CANT, leaf=leaf, error=error)


class ResultRecorder:
    """Records results, and nudges who is to go on with them.

    ``root`` is the farm's folder. ``command`` takes in results before they are recorded, where somebody else does.
    """

    def __init__(self, context: TaskContext, root: Path, command: UploadCommand | None = None) -> None:
        self._context = context
        self._root = root
        self._command = command
        self.at_once = AT_ONCE if command is None else 1  # a program is run for one after the other

    async def record(self, attempts: Sequence[Uploading], begun: LeafLog) -> None:
        """Check and record the results of these attempts, and settle their folders; their logs go on from ``begun``."""
        folders = [result_folder(attempt, begun) for attempt in attempts]
        for folder in folders if self._command is not None else ():
            await self._context.in_thread(run_command, self._root, self._command, folder)
        fitting = [folder for folder in folders if folder.fits]
        await self._context.in_thread(check, self._root, self._context.librarian, fitting)
        fitting = [folder for folder in fitting if folder.fits]
        if fitting:
            await self._record_fitting(fitting)
        await self._refuse_all([folder for folder in folders if folder.reasons])
        for folder in folders:
            if folder.fault is not None:
                log.failure(CANT, folder.fault, leaf=folder.attempt.leaf, error=folder.fault.value)

    async def _record_fitting(self, folders: Sequence[ResultFolder]) -> None:
        """Record those that fit, and settle them; the others get the reasons against them, or the fault."""
        now = self._context.now()
        verdicts = await self._verdicts([folder.results(now) for folder in folders])
        for folder, verdict in zip(folders, verdicts, strict=True):
            folder.fault = verdict if isinstance(verdict, Failure) else None
            folder.reasons = verdict if isinstance(verdict, tuple) else ()
        accepted = [folder for folder, verdict in zip(folders, verdicts, strict=True) if verdict == ()]
        if accepted:
            await self._accept(accepted)

    def _verdicts(self, items: Sequence[Results]) -> Deferred[list[Reasons | Failure]]:
        """Record all in one transaction; where that fails, each in its own, for one may spoil it for all."""
        together: Deferred[Any] = self._context.database.run(record_results, items)
        return together.addErrback(self._each_alone, items)

    def _each_alone(self, failure: Failure, items: Sequence[Results]) -> Any:  # Any: a Failure, or what fires with all
        if failure.check(CancelledError):
            return failure
        ended = DeferredList([self._context.database.run(record_results, [item]) for item in items], consumeErrors=True)
        return ended.addCallback(lambda pairs: [verdict[0] if good else verdict for good, verdict in pairs])

    async def _accept(self, folders: Sequence[ResultFolder]) -> None:
        self._context.nudge("publisher")
        await self._context.in_thread(settle_accepted, self._root, folders)
        for folder in folders:
            log.info("the results of build {build} are accepted", build=folder.attempt.build_id)

    async def _refuse_all(self, folders: Sequence[ResultFolder]) -> None:
        ends = [Deferred.fromCoroutine(self._refuse(folder)) for folder in folders]
        for folder, (_, fault) in zip(folders, await DeferredList(ends, consumeErrors=True), strict=True):
            if isinstance(fault, Failure) and fault.check(CancelledError):
                fault.raiseException()
            folder.fault = fault

    async def _refuse(self, folder: ResultFolder) -> None:
        """Say all the reasons, keep the log, and end the build; the folder is moved last."""
        attempt, digests = folder.attempt, folder.read.digests
        known = await self._context.database.read(known_contents, attempt.archive_id, digests)
        more = known_faults(digests, {name: content.sha256 for name, content in known.items()})
        folder.reasons = tuple(dict.fromkeys((*folder.reasons, *more)))
        refusal = await self._context.in_thread(write_reasons, self._root, self._context.librarian, folder)
        if not await self._context.database.run(
            refuse_results, attempt.attempt_id, refusal, self._context.notices, self._context.now()
        ):
            return
        await self._context.in_thread(settle_refused, self._root, folder)
        log.info("the results of build {build} are refused: {reason}", build=attempt.build_id, reason=refusal.reason)
        self._context.nudge("notifier")
