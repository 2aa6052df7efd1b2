"""Take in one source that lies in a folder: read it, judge it, keep its files, record it.

The same for a command, for an upload over HTTP and for a drop into incoming/: they differ in whom they trust.
"""

from collections.abc import Sequence
from pathlib import Path

from buildmaster.errors import BuildmasterError
from buildmaster.farm.uploads.binaries import ReadFolder
from buildmaster.files.layout import ACCEPTED, REJECTED
from buildmaster.files.librarian import ILibrarian
from buildmaster.files.packages import ChangedMeanwhileError, read_folder
from buildmaster.files.uploadfolders import LOG_NAME, LeafLog, prepare, settle
from buildmaster.model.uploads.sources import AcceptedSource, Destination, Refused, judge_source, record_source
from buildmaster.work.taskcontext import TaskContext

OWN = frozenset({LOG_NAME})  # what we put into a folder ourselves


class SourceIntake:
    """Takes in sources."""

    def __init__(self, context: TaskContext) -> None:
        self._context = context

    async def take_leaf(self, root: Path, leaf: Path, to: Destination) -> AcceptedSource | Refused:
        """Take the source that lies in ``leaf``, below incoming/, and settle that with its log."""
        steps = LeafLog()
        steps.debug(f"Beginning processing of an upload by {to.who} to {to.archive}, {to.suite}")
        await self._context.in_thread(prepare, root, steps)
        verdict = await self.take(leaf, to)
        place = tell(verdict, steps)
        steps.debug(f"Moving the upload to {place}")
        await self._context.in_thread(settle, root, leaf, place, steps)
        return verdict

    async def take(self, folder: Path, to: Destination) -> AcceptedSource | Refused:
        """Record and publish the source that lies in ``folder``, or say all the reasons against it."""
        read = await self._context.in_thread(read_folder, folder, OWN)
        try:
            reasons = await self._context.database.read(judge_source, read, to)
            if reasons:
                return Refused(reasons)
            await self._context.in_thread(add_files, self._context.librarian, folder, read, [*read.found])
            return await self._context.database.run(record_source, read, to, self._context.now())
        except BuildmasterError as error:
            return Refused((str(error),))


def tell(verdict: AcceptedSource | Refused, steps: LeafLog) -> str:
    """Write into the log what came of an upload; return where its folder belongs."""
    if isinstance(verdict, AcceptedSource):
        steps.info(f"Accepted: {verdict.name} {verdict.version} in {verdict.archive}, {verdict.suite}")
        return ACCEPTED
    for reason in verdict.reasons:
        steps.error(reason)
    steps.debug("Rolling back any remaining transactions.")
    return REJECTED


def add_files(librarian: ILibrarian, folder: Path, read: ReadFolder, names: Sequence[str]) -> None:
    """Add copies of the named files to the librarian; raise ChangedMeanwhileError for one that is not what was read."""
    for name, content in zip(names, librarian.add_all([folder / name for name in names]), strict=True):
        if content != read.found[name].content:
            raise ChangedMeanwhileError(f"{name} was changed while it was taken in.")
