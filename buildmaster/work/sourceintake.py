"""Take in one source that lies in a folder: read it, judge it, keep its files, record it.

The same for a command, for an upload over HTTP and for a drop into incoming/: they differ in whom they trust.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from buildmaster.errors import BuildmasterError
from buildmaster.farm.uploads.binaries import ReadFolder
from buildmaster.files.layout import ACCEPTED, REJECTED
from buildmaster.files.packages import ChangedMeanwhileError, read_folder
from buildmaster.files.uploadfolders import LOG_NAME, LeafLog, prepare, settle
from buildmaster.model.uploads.sources import AcceptedSource, Destination, Refused, judge_source, record_source

OWN = frozenset({LOG_NAME})  # what we put into a folder ourselves


class SourceIntake:
    """Takes in sources. ``librarian`` is an ILibrarian, whose calls ``in_thread`` runs off the reactor."""

    def __init__(
        self,
        database: Any,  # Database or InlineDatabase
        librarian: Any,
        in_thread: Callable[..., Any],
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._librarian = librarian
        self._in_thread = in_thread
        self._now = now

    async def take_leaf(self, root: Path, leaf: Path, to: Destination) -> AcceptedSource | Refused:
        """Take the source that lies in ``leaf``, below incoming/, and settle that with its log."""
        steps = LeafLog()
        steps.debug(f"Beginning processing of an upload by {to.who} to {to.archive}, {to.suite}")
        await self._in_thread(prepare, root, steps)
        verdict = await self.take(leaf, to)
        place = tell(verdict, steps)
        steps.debug(f"Moving the upload to {place}")
        await self._in_thread(settle, root, leaf, place, steps)
        return verdict

    async def take(self, folder: Path, to: Destination) -> AcceptedSource | Refused:
        """Record and publish the source that lies in ``folder``, or say all the reasons against it."""
        read = await self._in_thread(read_folder, folder, OWN)
        try:
            reasons = await self._database.read(judge_source, read, to)
            if reasons:
                return Refused(reasons)
            await self._in_thread(keep, self._librarian, folder, read, [*read.found])
            return await self._database.run(record_source, read, to, self._now())
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


def keep(librarian: Any, folder: Path, read: ReadFolder, names: Sequence[str]) -> None:
    """Add copies of the named files to the librarian; raise ChangedMeanwhileError for one that is not what was read."""
    for name, content in zip(names, librarian.add_all([folder / name for name in names]), strict=True):
        if content != read.found[name].content:
            raise ChangedMeanwhileError(f"{name} was changed while it was taken in.")
