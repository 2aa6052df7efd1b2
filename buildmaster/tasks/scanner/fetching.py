"""Fetch a build's log and results from its slave, and land them for the uploader.

What is small is held in memory until all is there; a big file is written as it comes, and what a killed master had
fetched of those is not fetched again. Then the log is kept, one rename lands the results in incoming/, and one commit
says so. Each step can be repeated.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from twisted.internet.defer import Deferred, ensureDeferred

from buildmaster.farm.builders.facts import JobFacts
from buildmaster.farm.builders.logtext import log_name
from buildmaster.farm.builders.replies import Silence
from buildmaster.farm.vocabulary.contents import Content
from buildmaster.farm.vocabulary.filenames import is_safe
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.files.disk import NotWrittenError
from buildmaster.files.uploadfolders import LOG_NAME
from buildmaster.files.writing import HashedFile
from buildmaster.model.builders.landing import Landing, begin_fetching, note_landed
from buildmaster.model.tables.files import NewFile
from buildmaster.slave.client import ISlave
from buildmaster.tasks.scanner.landing import (
    FetchedBuild,
    FetchedResults,
    FetchFolders,
    FileMap,
    Found,
    Landed,
    WrongContentError,
    wrong_content,
)
from buildmaster.work.batches import BatchingQueue
from buildmaster.work.pausing import all_of
from buildmaster.work.taskcontext import TaskContext

SHORTLY = 0.005  # seconds that the state of a build may wait for other rows to be changed: its files take as long
LANDED_AT_ONCE = 32  # results that land at once
HELD = 1 << 19  # bytes of a build's results that are held in memory until they land; and as many of its log


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


class FetchFailedError(Exception):
    """The slave did not hand over what it said that it had; the message says what."""


class ResultFetcher:
    """Fetches logs and results, and lands them."""

    def __init__(
        self,
        context: TaskContext,
        folders: FetchFolders,
        bounds: Bounds,
    ) -> None:
        self._context = context
        self._folders = folders
        self._bounds = bounds
        self._landings = BatchingQueue(context.in_thread, folders.land, LANDED_AT_ONCE)

    async def fetch_and_land(self, slave: ISlave, job: JobFacts, filemap: FileMap) -> bool:
        """Fetch log and results, and land them; tell whether they were still wanted.

        Nothing lands before the log is kept. Raise FetchFailedError where the slave stalls or lies, and
        NotWrittenError where the disk does not take what it hands over.
        """
        with _written(job):
            return await self._fetched_and_landed(slave, job, filemap)

    async def _fetched_and_landed(self, slave: ISlave, job: JobFacts, filemap: FileMap) -> bool:
        before, log, results = await all_of(
            self._context.database.join(begin_fetching, job.attempt_id, SHORTLY),
            ensureDeferred(self._log_of(slave, job)),
            ensureDeferred(self._fetch_all(slave, job, filemap)),
        )
        if before is None:
            self.forget(job)
            return False
        if results.fault:
            if not isinstance(log, Silence):
                await self._keep(job, log)
            raise FetchFailedError(results.fault)
        log = await self._keep(job, log) if isinstance(log, Silence) else log
        content, leaf = await self._land(FetchedBuild(job.cookie, filemap, log, results))
        named = self._named(job, content).named(BuildState.UPLOADING)
        done = await self._context.database.join(note_landed, Landing(job.attempt_id, leaf, named, self._context.now()))
        self._folders.over(job.cookie)
        return bool(done)

    async def _land(self, things: FetchedBuild) -> Landed:
        try:
            landed: Landed = await self._landings.add(things)
        except WrongContentError as error:
            raise FetchFailedError(str(error)) from error
        return landed

    async def fetch_log(self, slave: ISlave, job: JobFacts) -> Log:
        """Fetch the build's log into the librarian, compressed and without credentials.

        Where the slave does not hand it over, what is known of it takes its place. Raise NotWrittenError where the disk
        does not take it.
        """
        with _written(job):
            there = await self._context.in_thread(self._folders.kept_log, job.cookie)
            log = there if there is not None else await self._log_from(slave, job)
            return self._named(job, await self._keep(job, log))

    async def _keep(self, job: JobFacts, log: Content | bytes | Silence) -> Content:
        """Keep the log, or what is known of it."""
        silent = isinstance(log, Silence)
        keep, log = (self._folders.keep_instead, _instead(job, log)) if silent else (self._folders.keep_log, log)
        kept: Content = await self._context.in_thread(keep, job.cookie, log)
        return kept

    async def _log_of(self, slave: ISlave, job: JobFacts) -> Content | bytes | Silence:
        """Return the log: what a killed master had kept, or what the slave hands over."""
        killed = job.state is not BuildState.BUILDING
        there = await self._context.in_thread(self._folders.kept_log, job.cookie) if killed else None
        return there if there is not None else await self._log_from(slave, job)

    async def _log_from(self, slave: ISlave, job: JobFacts) -> Content | bytes | Silence:
        return await slave.fetch("buildlog", self._folders.log_file(job.cookie), self._bounds.log, HELD)

    def _named(self, job: JobFacts, content: Content) -> Log:
        return Log(content, job.label, job.archive_id if job.private else None)

    def forget(self, job: JobFacts) -> Deferred[None]:
        """Drop what was fetched on the way; nobody need wait for that."""
        dropped: Deferred[None] = self._context.in_thread(self._folders.forget, job.cookie)
        return dropped

    async def _fetch_all(self, slave: ISlave, job: JobFacts, filemap: FileMap) -> FetchedResults:
        """Fetch the results, but for what a killed master had fetched of them."""
        killed = job.state is not BuildState.BUILDING
        found: Found = await self._context.in_thread(self._folders.found, job.cookie, filemap) if killed else Found()
        if found.leaf is not None:
            return FetchedResults(leaf=found.leaf)
        try:
            self._check_names(filemap)
            missing = [(name, sha1) for name, sha1 in filemap if name not in found.sizes]
            return FetchedResults(await self._fetch(slave, job, missing, self._bounds.size - sum(found.sizes.values())))
        except (FetchFailedError, WrongContentError) as error:
            return FetchedResults(fault=str(error))

    async def _fetch(self, slave: ISlave, job: JobFacts, files: list[tuple[str, str]], room: int) -> dict[str, bytes]:
        """Fetch files of at most ``room`` bytes in all; return those that are held: the others are in the folder."""
        held: dict[str, bytes] = {}
        left = HELD
        for name, sha1 in files:
            into = HashedFile(self._folders.path(job.cookie, name))
            fetched = await slave.fetch(sha1, into, room, left)
            if isinstance(fetched, Silence):
                raise FetchFailedError(f"{name} could not be fetched: {fetched.reason}")
            if isinstance(fetched, bytes):
                held[name] = fetched
                left -= len(fetched)
                room -= len(fetched)
            else:
                room -= fetched.size
                if fetched.sha1 != sha1:
                    raise wrong_content(name, sha1, fetched.sha1)
        return held

    def _check_names(self, filemap: FileMap) -> None:
        if len(filemap) > self._bounds.files:
            raise FetchFailedError(f"{len(filemap)} result files, and {self._bounds.files} are allowed")
        unsafe = [name for name, _ in filemap if not is_safe(name) or name == LOG_NAME]
        if unsafe:
            raise FetchFailedError(f"result files with names that are not allowed: {', '.join(map(repr, unsafe))}")


@contextmanager
def _written(job: JobFacts) -> Iterator[None]:
    """Tell an error of our own disk from what a slave may be blamed for."""
    try:
        yield
    except OSError as error:
        raise NotWrittenError(
            f"{job.title}: its log and results can't be kept, and wait on their slave: {error}"
        ) from error


def _instead(job: JobFacts, silence: Silence) -> bytes:
    return (
        f"The build log could not be fetched: {silence.reason}\n"
        f"What follows is the last that was seen of it.\n\n{job.logtail or ''}\n"
    ).encode()
