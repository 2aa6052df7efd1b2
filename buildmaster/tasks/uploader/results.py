"""Take in the results of builds, many at once: record what fits, refuse the rest, settle their folders."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, DeferredList
from twisted.logger import Logger
from twisted.python.failure import Failure

from buildmaster.errors import BuildmasterError
from buildmaster.farm.uploads.binaries import known_faults
from buildmaster.files.uploadfolders import LeafLog
from buildmaster.model.uploads.contents import known_contents
from buildmaster.model.uploads.refusedresults import Notices, refuse_results
from buildmaster.model.uploads.results import Reasons, Results, Uploading, record_results
from buildmaster.tasks.uploader.command import UploadCommand
from buildmaster.tasks.uploader.resultfolders import (
    Arrival,
    arrive,
    explain,
    receive,
    run_command,
    settle_accepted,
    settle_refused,
)

TOGETHER = 50  # results that are taken in at once
CANT = "{leaf} can't be taken in now: {error}"

log = Logger()


async def spared(leaf: str, work: Awaitable[None]) -> None:
    """Wait for the work; what goes wrong with one leaf spares the others, and another turn tries again."""
    try:
        await work
    except (BuildmasterError, OSError) as error:
        log.failure(CANT, leaf=leaf, error=error)


@dataclass(frozen=True)
class Surroundings:
    """Where uploads are taken in: the farm's folder, and who does what there. ``in_thread`` runs work that blocks."""

    root: Path
    database: Any  # Database or InlineDatabase
    librarian: Any  # ILibrarian
    in_thread: Callable[..., Any]
    now: Callable[[], datetime]
    nudge: Callable[[str], None]


class ResultIntake:
    """Takes in results, and nudges who is to go on with them.

    ``command`` takes in results before they are recorded, where somebody else does; ``tell`` posts notices of those
    that are refused.
    """

    def __init__(self, around: Surroundings, command: UploadCommand | None = None, tell: Notices | None = None) -> None:
        self._root = around.root
        self._database = around.database
        self._librarian = around.librarian
        self._in_thread = around.in_thread
        self._now = around.now
        self._nudge = around.nudge
        self._command = command
        self._tell = tell
        self.together = TOGETHER if command is None else 1  # a program is run for one after the other

    async def take(self, attempts: Sequence[Uploading], begun: LeafLog) -> None:
        """Take in the results of these attempts; their logs go on from ``begun``."""
        arrivals = [arrive(attempt, begun) for attempt in attempts]
        for arrival in arrivals if self._command is not None else ():
            await self._in_thread(run_command, self._root, self._command, arrival)
        fitting = [arrival for arrival in arrivals if arrival.fits]
        await self._in_thread(receive, self._root, self._librarian, fitting)
        fitting = [arrival for arrival in fitting if arrival.fits]
        if fitting:
            await self._record(fitting)
        await self._refuse_all([arrival for arrival in arrivals if arrival.reasons])
        for arrival in arrivals:
            if arrival.fault is not None:
                log.failure(CANT, arrival.fault, leaf=arrival.attempt.leaf, error=arrival.fault.value)

    async def _record(self, arrivals: Sequence[Arrival]) -> None:
        """Record those that fit, and settle them; the others get the reasons against them, or the fault."""
        now = self._now()
        verdicts = await self._verdicts([arrival.results(now) for arrival in arrivals])
        for arrival, verdict in zip(arrivals, verdicts, strict=True):
            arrival.fault = verdict if isinstance(verdict, Failure) else None
            arrival.reasons = verdict if isinstance(verdict, tuple) else ()
        accepted = [arrival for arrival, verdict in zip(arrivals, verdicts, strict=True) if verdict == ()]
        if accepted:
            await self._accept(accepted)

    def _verdicts(self, items: Sequence[Results]) -> Deferred[list[Reasons | Failure]]:
        """Record all in one transaction; where that fails, each in its own, for one may spoil it for all."""
        together: Deferred[Any] = self._database.run(record_results, items)
        return together.addErrback(self._each_alone, items)

    def _each_alone(self, failure: Failure, items: Sequence[Results]) -> Any:  # Any: a Failure, or what fires with all
        if failure.check(CancelledError):
            return failure
        ended = DeferredList([self._database.run(record_results, [item]) for item in items], consumeErrors=True)
        return ended.addCallback(lambda pairs: [verdict[0] if good else verdict for good, verdict in pairs])

    async def _accept(self, arrivals: Sequence[Arrival]) -> None:
        self._nudge("publisher")
        await self._in_thread(settle_accepted, self._root, arrivals)
        for arrival in arrivals:
            log.info("the results of build {build} are accepted", build=arrival.attempt.build_id)

    async def _refuse_all(self, arrivals: Sequence[Arrival]) -> None:
        ends = [Deferred.fromCoroutine(self._refuse(arrival)) for arrival in arrivals]
        for arrival, (_, fault) in zip(arrivals, await DeferredList(ends, consumeErrors=True), strict=True):
            if isinstance(fault, Failure) and fault.check(CancelledError):
                fault.raiseException()
            arrival.fault = fault

    async def _refuse(self, arrival: Arrival) -> None:
        """Say all the reasons, keep the log, and end the build; the folder is moved last."""
        attempt, digests = arrival.attempt, arrival.read.digests
        known = await self._database.read(known_contents, attempt.archive_id, digests)
        more = known_faults(digests, {name: content.sha256 for name, content in known.items()})
        arrival.reasons = tuple(dict.fromkeys((*arrival.reasons, *more)))
        refusal = await self._in_thread(explain, self._root, self._librarian, arrival)
        if not await self._database.run(refuse_results, attempt.attempt_id, refusal, self._tell, self._now()):
            return
        await self._in_thread(settle_refused, self._root, arrival)
        log.info("the results of build {build} are refused: {reason}", build=attempt.build_id, reason=refusal.reason)
        self._nudge("notifier")
