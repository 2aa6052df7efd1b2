"""Make missing builds, and keep the queue as it ought to be."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from twisted.logger import Logger

from buildmaster.farm.queue.architectures import ArchitectureTable
from buildmaster.farm.queue.archspecific import ArchSpecific
from buildmaster.farm.queue.scoring import Weights
from buildmaster.files.archspecific import ArchSpecificFiles
from buildmaster.model.queue.archspecific import follow_file, series_with_files
from buildmaster.model.queue.missingbuilds import Examined, Policy, examine_publications
from buildmaster.model.queue.rescoring import rescore_due
from buildmaster.work.taskcontext import TaskContext

PUBLICATIONS = 40  # in one transaction: with eight architectures it takes less than 50 ms
ENTRIES = 500  # in one transaction, likewise
SLICE = timedelta(seconds=0.5)  # of a turn, after which others get theirs before we go on


class QueueBuilder:
    """Looks at publications that changed and at entries that aged; what is left after a while comes next turn.

    ``release`` sends builds back to the queue whose dependencies came, and returns how many.
    """

    name = "queue_builder"
    log = Logger()

    def __init__(
        self,
        context: TaskContext,
        weights: Weights,
        table: ArchitectureTable,
        files: ArchSpecificFiles,
        release: Callable[[], Awaitable[int]],
    ) -> None:
        self._context = context
        self._weights = weights
        self._table = table
        self._files = files
        self._release = release
        self._warned: set[str] = set()
        self._reported: dict[int, str | None] = {}
        self._put_off = False

    async def run(self) -> None:
        """Do what is to be done, in pieces, for a slice of time."""
        end = self._context.now() + SLICE
        policy = Policy(self._table, self._weights, await self._arch_specific())
        created = await self._examine(policy, end)
        if created and not self._put_off:  # what is new goes to builders first
            self._put_off = True
            self._context.nudge(self.name)
            return
        self._put_off = False
        if await self._release():
            self._context.nudge("dispatcher")
        await self._go_on(self._rescore, end)

    async def _arch_specific(self) -> dict[int, ArchSpecific]:
        """Read the Packages-arch-specific files; have the sources of a series looked at again when its changed."""
        series = await self._context.database.read(series_with_files)
        files = {id_: self._files.of(*names) for id_, (*names, _) in series.items()}
        changed = {id_: file.digest for id_, file in files.items() if file.digest != series[id_][2]}
        if changed:
            await self._context.database.run(follow_file, changed)
        for id_, file in files.items():
            self._report(id_, file.digest, file.content)
        return {id_: file.content for id_, file in files.items()}

    def _report(self, series_id: int, digest: str | None, content: ArchSpecific) -> None:
        """Log what is wrong with a file, once for each content."""
        if self._reported.get(series_id) != digest:
            self._reported[series_id] = digest
            for fault in content.faults:
                self.log.warn("Packages-arch-specific:{fault}; the line is skipped", fault=fault)

    async def _examine(self, policy: Policy, end: datetime) -> bool:
        """Examine what changed; tell whether there are new builds."""
        found = Examined()

        async def piece() -> bool:
            nonlocal found
            some = await self._context.database.run(examine_publications, self._context.now(), policy, PUBLICATIONS)
            found += some
            return bool(some.publications == PUBLICATIONS)

        await self._go_on(piece, end)
        self._tell(found)
        return found.created > 0

    def _tell(self, found: Examined) -> None:
        if found.created or found.superseded:
            self.log.info("{created} builds created, {superseded} superseded", **vars(found))
            self._context.nudge("dispatcher")
        for component in sorted(found.components - self._warned - set(self._weights.components)):
            self._warned.add(component)
            self.log.warn("component {component} has no weight in [scores], so it counts 0", component=component)

    async def _rescore(self) -> bool:
        scored = await self._context.database.run(rescore_due, self._context.now(), self._weights, ENTRIES)
        if scored:
            self._context.nudge("dispatcher")
        return bool(scored == ENTRIES)

    async def _go_on(self, piece: Callable[[], Awaitable[bool]], end: datetime) -> None:
        """Do piece after piece while each says that there is more; when the time is over, ask for another turn."""
        while await piece():
            if self._context.now() >= end:
                self._context.nudge(self.name)
                return
