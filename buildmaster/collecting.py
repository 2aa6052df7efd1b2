"""Take a build's log and results from its slave, and hand them to the uploader.

Each step can be repeated, and what a killed master had done already is not done again: the log and each file that has
arrived whole stay in a private folder until all are there; then one rename lands them in incoming/, and one commit
says so.
"""

import hashlib
import shutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, ensureDeferred

from buildmaster.database import Database
from buildmaster.farm.facts import Content, JobFacts, Silence
from buildmaster.farm.filenames import is_safe
from buildmaster.farm.logs import log_name
from buildmaster.farm.states import BuildState
from buildmaster.folders import GATHERING, INCOMING
from buildmaster.librarian import ILibrarian, sync_folder
from buildmaster.logfiles import LogFile
from buildmaster.model.files import NewFile
from buildmaster.model.gathering import Landing, begin_gathering, land
from buildmaster.slave import ISlave
from buildmaster.slavefiles import HashedFile

InThread = Callable[..., Deferred[Any]]  # Any: whatever the function returns
FileMap = tuple[tuple[str, str], ...]  # names and SHA-1s
LOG, RESULTS = "buildlog.gz", "results"


@dataclass(frozen=True)
class Bounds:
    """What a slave may hand over: how many files, and how many bytes in all and of the log."""

    files: int
    size: int
    log: int


@dataclass(frozen=True)
class Log:
    """A log that the librarian keeps, still without a name."""

    content: Content
    label: str
    archive_id: int | None

    def named(self, state: BuildState) -> NewFile:
        """Name it by the state that the build came to."""
        return NewFile(self.content, log_name(self.label, state), "text/plain", self.archive_id)


class CollectionFailedError(Exception):
    """The slave did not hand over what it said that it had; the message says what."""


class Collector:
    """Fetches logs and results; ``in_thread`` runs a function in a thread, for what would hold up the reactor."""

    def __init__(
        self,
        database: Database,
        librarian: ILibrarian,
        root: Path,
        bounds: Bounds,
        in_thread: InThread,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._librarian = librarian
        self._root = root
        self._bounds = bounds
        self._in_thread = in_thread
        self._now = now

    async def collect(self, slave: ISlave, job: JobFacts, filemap: FileMap) -> bool:
        """Fetch log and results and hand them on; tell whether they were still wanted.

        Nothing lands before the log is kept. Raise CollectionFailedError where the slave stalls or lies.
        """
        log = ensureDeferred((self._fetch_log if job.state is BuildState.BUILDING else self.log)(slave, job))
        before = await self._database.join(begin_gathering, job.attempt_id)
        found = await self._found(job, filemap) if before is BuildState.GATHERING else Found()
        try:
            if before is not None and found.leaf is None:
                await self._fetch_all(slave, job, filemap, found.sizes)
        except CollectionFailedError:
            await log
            raise
        kept = await log
        if before is None:
            self.forget(job)
            return False
        leaf = found.leaf or await self._in_thread(self._land, job)
        landing = Landing(job.attempt_id, leaf, kept.named(BuildState.UPLOADING), self._now())
        done = await self._database.join(land, landing)
        self.forget(job)
        return bool(done)

    async def log(self, slave: ISlave, job: JobFacts) -> Log:
        """Fetch the build's log into the librarian, compressed and without credentials.

        Where the slave does not hand it over, what is known of it takes its place.
        """
        there = await self._in_thread(self._kept, self._folder(job.cookie) / LOG)
        return self._log(job, there) if there is not None else await self._fetch_log(slave, job)

    async def _fetch_log(self, slave: ISlave, job: JobFacts) -> Log:
        path = self._folder(job.cookie) / LOG
        content = await slave.fetch("buildlog", LogFile(path, self._librarian), self._bounds.log)
        if isinstance(content, Silence):
            instead = LogFile(path, self._librarian)
            content = await self._in_thread(instead.finish, _instead(job, content).encode())
        return self._log(job, content)

    def _log(self, job: JobFacts, content: Content) -> Log:
        return Log(content, job.label, job.archive_id if job.private else None)

    def _kept(self, log: Path) -> Content | None:
        """Return what the log is, if a master that was killed had fetched it."""
        return self._librarian.add(log) if log.exists() else None

    def forget(self, job: JobFacts) -> Deferred[None]:
        """Drop what was fetched on the way; nobody need wait for that."""
        dropped: Deferred[None] = self._in_thread(_forget, self._folder(job.cookie))
        return dropped

    async def _found(self, job: JobFacts, filemap: FileMap) -> "Found":
        """Return what a master that was killed had done of this."""
        leaf = await self._in_thread(self.landed, job.cookie)
        safe = [(name, sha1) for name, sha1 in filemap if is_safe(name)]
        return Found(leaf, await self._in_thread(_whole, self._folder(job.cookie) / RESULTS, safe))

    def landed(self, cookie: str) -> str | None:
        """Return the name of the folder in incoming/ that holds the results of the attempt, if they are there."""
        found = sorted((self._root / INCOMING).glob(f"*-*-{cookie}"))
        exact = [path.name for path in found if path.name.split("-", 2)[2] == cookie]
        return exact[0] if exact else None

    def _folder(self, cookie: str) -> Path:
        return self._root / GATHERING / cookie

    async def _fetch_all(self, slave: ISlave, job: JobFacts, filemap: FileMap, sizes: Mapping[str, int]) -> None:
        """Fetch the files, those whose ``sizes`` are not known yet."""
        self._check_names(filemap)
        room = self._bounds.size - sum(sizes.values())
        for name, sha1 in filemap:
            if name not in sizes:
                room -= await _fetch(slave, self._folder(job.cookie) / RESULTS / name, sha1, room)

    def _check_names(self, filemap: FileMap) -> None:
        if len(filemap) > self._bounds.files:
            raise CollectionFailedError(f"{len(filemap)} result files, and {self._bounds.files} are allowed")
        unsafe = [name for name, _ in filemap if not is_safe(name)]
        if unsafe:
            raise CollectionFailedError(f"result files with names that are not allowed: {', '.join(map(repr, unsafe))}")

    def _land(self, job: JobFacts) -> str:
        """Move the whole results, flushed to the disk, into incoming/ by one rename; return the name there."""
        leaf = f"{self._now():%Y%m%d-%H%M%S}-{job.cookie}"
        results, incoming = self._folder(job.cookie) / RESULTS, self._root / INCOMING
        try:
            _move(results, incoming / leaf)
        except FileNotFoundError:
            for folder in (results, incoming):
                folder.mkdir(parents=True, exist_ok=True)
            _move(results, incoming / leaf)
        return leaf


def _move(folder: Path, to: Path) -> None:
    """Move a folder with its files, whose names are flushed to the disk before, and its own after."""
    sync_folder(folder)
    folder.rename(to)
    sync_folder(to.parent)


@dataclass(frozen=True)
class Found:
    """What a master that was killed had done: the folder that has landed, and the sizes of the files that are whole."""

    leaf: str | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)


async def _fetch(slave: ISlave, path: Path, sha1: str, room: int) -> int:
    """Fetch one file; return its size in bytes."""
    content = await slave.fetch(sha1, HashedFile(path), room)
    if isinstance(content, Silence):
        raise CollectionFailedError(f"{path.name} could not be fetched: {content.reason}")
    if content.sha1 != sha1:
        raise CollectionFailedError(f"{path.name} is not what was promised: SHA-1 {content.sha1}, not {sha1}")
    return content.size


def _whole(folder: Path, files: Collection[tuple[str, str]]) -> dict[str, int]:
    """Return the sizes of those of the files that are in the folder, with the content of their SHA-1."""
    there = [(folder / name, sha1) for name, sha1 in files if (folder / name).exists()]
    return {path.name: path.stat().st_size for path, sha1 in there if _sha1(path) == sha1}


def _sha1(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha1").hexdigest()


def _forget(folder: Path) -> None:
    """Remove the folder, which holds the log alone as a rule."""
    try:
        (folder / LOG).unlink()
        folder.rmdir()
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)


def _instead(job: JobFacts, silence: Silence) -> str:
    return (
        f"The build log could not be fetched: {silence.reason}\n"
        f"What follows is the last that was seen of it.\n\n{job.logtail or ''}\n"
    )
