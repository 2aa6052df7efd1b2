"""Take a build's log and results from its slave, and hand them to the uploader.

Each step can be repeated, and what a killed master had done already is not done again: the log and each file that has
arrived whole stay in a private folder until all are there; then one rename lands them in incoming/, and one commit
says so.
"""

import gzip
import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session
from twisted.internet.defer import Deferred

from buildmaster.database import Database
from buildmaster.farm.facts import Content, JobFacts, Silence
from buildmaster.farm.filenames import is_safe
from buildmaster.farm.logs import log_name
from buildmaster.farm.redacting import without_credentials
from buildmaster.farm.states import BuildState
from buildmaster.folders import GATHERING, INCOMING
from buildmaster.librarian import ILibrarian
from buildmaster.model.attempts import held, results_landed, start_gathering
from buildmaster.model.files import remember_file
from buildmaster.slave import ISlave

InThread = Callable[..., Deferred[Any]]  # Any: whatever the function returns
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

    def named(self, session: Session, now: datetime, state: BuildState) -> int:
        """Name it by the state that the build came to; return the id of the file."""
        return remember_file(session, self.content, log_name(self.label, state), "text/plain", now, self.archive_id)


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

    async def collect(self, slave: ISlave, job: JobFacts, filemap: tuple[tuple[str, str], ...]) -> bool:
        """Fetch log and results and hand them on; tell whether they were still wanted.

        Raise CollectionFailedError where the slave stalls or lies.
        """
        if not await self._database.run(start_gathering, job.attempt_id):
            return False
        leaf = await self._in_thread(self.landed, job.cookie)
        log = await self.log(slave, job)
        if leaf is None:
            await self._fetch_all(slave, job, filemap)
            leaf = await self._in_thread(self._land, job)
        done = await self._database.run(_landed, self._now(), job.attempt_id, leaf, log)
        await self.forget(job)
        return bool(done)

    async def log(self, slave: ISlave, job: JobFacts) -> Log:
        """Fetch the build's log into the librarian, compressed and without credentials.

        Where the slave does not hand it over, what is known of it takes its place.
        """
        folder = self._folder(job.cookie)
        compressed, raw = folder / LOG, folder / "buildlog"
        if not await self._in_thread(compressed.exists):
            await self._in_thread(_fresh, folder / RESULTS)
            fetched = await slave.fetch("buildlog", raw, self._bounds.log)
            if isinstance(fetched, Silence):
                await self._in_thread(raw.write_text, _instead(job, fetched))
            await self._in_thread(compress, raw, compressed)
        content = await self._in_thread(self._librarian.add, compressed)
        return Log(content, job.label, job.archive_id if job.private else None)

    async def forget(self, job: JobFacts) -> None:
        """Drop what was fetched on the way."""
        await self._in_thread(shutil.rmtree, self._folder(job.cookie), True)

    def landed(self, cookie: str) -> str | None:
        """Return the name of the folder in incoming/ that holds the results of the attempt, if they are there."""
        found = sorted((self._root / INCOMING).glob(f"*-*-{cookie}"))
        exact = [path.name for path in found if path.name.split("-", 2)[2] == cookie]
        return exact[0] if exact else None

    def _folder(self, cookie: str) -> Path:
        return self._root / GATHERING / cookie

    async def _fetch_all(self, slave: ISlave, job: JobFacts, filemap: tuple[tuple[str, str], ...]) -> None:
        self._check_names(filemap)
        room = self._bounds.size
        for name, sha1 in filemap:
            room -= await self._fetch(slave, self._folder(job.cookie) / RESULTS / name, sha1, room)

    def _check_names(self, filemap: tuple[tuple[str, str], ...]) -> None:
        if len(filemap) > self._bounds.files:
            raise CollectionFailedError(f"{len(filemap)} result files, and {self._bounds.files} are allowed")
        unsafe = [name for name, _ in filemap if not is_safe(name)]
        if unsafe:
            raise CollectionFailedError(f"result files with names that are not allowed: {', '.join(map(repr, unsafe))}")

    async def _fetch(self, slave: ISlave, path: Path, sha1: str, room: int) -> int:
        """Fetch one file, unless it is there already; return its size in bytes."""
        kept = await self._in_thread(_size_if, path, sha1)
        if kept is not None:
            return int(kept)
        content = await slave.fetch(sha1, path, room)
        if isinstance(content, Silence):
            raise CollectionFailedError(f"{path.name} could not be fetched: {content.reason}")
        if content.sha1 != sha1:
            raise CollectionFailedError(f"{path.name} is not what was promised: SHA-1 {content.sha1}, not {sha1}")
        return content.size

    def _land(self, job: JobFacts) -> str:
        """Move the whole results into incoming/ by one rename; return the name of their folder there."""
        leaf = f"{self._now():%Y%m%d-%H%M%S}-{job.cookie}"
        incoming = self._root / INCOMING
        incoming.mkdir(parents=True, exist_ok=True)
        (self._folder(job.cookie) / RESULTS).rename(incoming / leaf)
        return leaf


def _landed(session: Session, now: datetime, attempt_id: int, leaf: str, log: Log) -> bool:
    if held(session, attempt_id) is None:
        return False
    return results_landed(session, now, attempt_id, leaf, log.named(session, now, BuildState.UPLOADING))


def _fresh(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)


def _size_if(path: Path, sha1: str) -> int | None:
    """Return the size of the file if it is there with this content."""
    if not path.exists():
        return None
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha1").hexdigest()
    return path.stat().st_size if found == sha1 else None


def _instead(job: JobFacts, silence: Silence) -> str:
    return (
        f"The build log could not be fetched: {silence.reason}\n"
        f"What follows is the last that was seen of it.\n\n{job.logtail or ''}\n"
    )


def compress(raw: Path, compressed: Path) -> None:
    """Write the log at ``raw`` to ``compressed``, without the credentials in its URLs, whole or not at all."""
    partial = compressed.with_suffix(".new")
    with (
        raw.open(encoding="utf-8", errors="replace") as lines,
        partial.open("wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed,
    ):
        packed.writelines(without_credentials(line).encode() for line in lines)
    partial.rename(compressed)
    raw.unlink()
