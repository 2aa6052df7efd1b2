"""Remove what is too old and of no use: leaves of uploads, expired files, old audit rows and sent mail."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from stat import S_ISDIR, S_ISLNK

from twisted.logger import Logger

from buildmaster.files.layout import GATHERING, INCOMING
from buildmaster.model.maintenance.expiry import forget_audit, forget_files, forget_mail, nameless
from buildmaster.work.taskcontext import TaskContext

log = Logger()
PIECE = 500  # rows in one transaction
SPARED = timedelta(days=2)  # a content may be that old before it gets a name: what is added is named at once
SHELVES = 256  # folders of contents; each turn looks at one, so that a big store is looked through in some days


@dataclass(frozen=True)
class Ages:
    """How many days leaves stay, by the folder they are in, and rows of the audit trail and the outbox."""

    leaves: Mapping[str, int]
    audit: int
    mail: int


class Housekeeping:
    """Looks through the farm; ``root`` is its folder."""

    name = "housekeeping"

    def __init__(self, context: TaskContext, root: Path, ages: Ages) -> None:
        self._context = context
        self._root = root
        self._ages = ages
        self._shelf = 0

    async def run(self) -> None:
        """Remove leaves, then rows, then contents that nothing names any more."""
        now = self._context.now()
        for folder, days in self._ages.leaves.items():
            before = (now - timedelta(days=days)).timestamp()
            self._say(await self._context.in_thread(remove_leaves, self._root / folder, before), f"leaves of {folder}")
        left = (self._root / INCOMING, (now - SPARED).timestamp(), ".*/")
        self._say(await self._context.in_thread(remove_leaves, *left), "uploads that were never whole")
        left = (self._root / GATHERING, (now - SPARED).timestamp(), "*")
        self._say(await self._context.in_thread(remove_leaves, *left), "results that nobody fetched to the end")
        self._say(await self._forget(forget_audit, now - timedelta(days=self._ages.audit)), "rows of the audit trail")
        self._say(await self._forget(forget_mail, now - timedelta(days=self._ages.mail)), "sent messages")
        self._say(await self._forget(forget_files, now), "expired files")
        left_over = await self._context.in_thread(self._context.librarian.clear_up, (now - SPARED).timestamp())
        self._say(left_over, "files that the librarian had begun to keep or to drop")
        self._say(await self._sweep(now), "contents without a name")

    async def _forget(self, forget: Callable[..., int], before: datetime) -> int:
        """Remove rows, piece by piece, until none is left that is too old."""
        removed = 0
        while piece := await self._context.database.run(forget, before, PIECE):
            removed += piece
        return removed

    async def _sweep(self, now: datetime) -> int:
        shelf, self._shelf = f"{self._shelf:02x}", (self._shelf + 1) % SHELVES
        old = await self._context.in_thread(self._context.librarian.older, shelf, (now - SPARED).timestamp())
        removed = 0
        for start in range(0, len(old), PIECE):
            doomed = await self._context.database.read(nameless, old[start : start + PIECE])
            removed += await self._context.in_thread(self._drop, doomed, (now - SPARED).timestamp())
        return removed

    def _drop(self, doomed: frozenset[str], before: float) -> int:
        """Drop contents, except those that were added again since they were found."""
        return sum(self._context.librarian.drop(sha256, before) for sha256 in doomed)

    def _say(self, count: int, what: str) -> None:
        if count:
            log.info("{count} {what} removed", count=count, what=what)


def remove_leaves(folder: Path, before: float, pattern: str = "*/") -> int:
    """Remove what is in ``folder``, of the pattern, and was not touched since the POSIX time; return how many."""
    return sum(_remove_old(leaf, before) for leaf in folder.glob(pattern))


def _remove_old(leaf: Path, before: float) -> bool:
    """Remove a folder or file if it is older, and still there: others are at work with those that are not.

    One that can't be removed spares the others.
    """
    try:
        return _removed(leaf, before)
    except FileNotFoundError:
        return False
    except OSError as error:
        log.error("{leaf} is too old and can't be removed: {error}", leaf=str(leaf), error=error)
        return False


def _removed(leaf: Path, before: float) -> bool:
    status = leaf.lstat()
    if S_ISLNK(status.st_mode) or status.st_mtime >= before:
        return False
    if S_ISDIR(status.st_mode):
        shutil.rmtree(leaf)
    else:
        leaf.unlink()
    return True
