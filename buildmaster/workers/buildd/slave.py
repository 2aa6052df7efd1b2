"""The slave's life: IDLE, BUILDING, perhaps ABORTING, WAITING, and IDLE again.

What it says is what a stock slave says: one build at a time, statuses are structs. What differs is on purpose: a
refused ``build()`` leaves everything as it was, and fetching a file keeps nobody from asking.
"""

from collections.abc import Mapping
from enum import Enum
from xmlrpc.client import Binary

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.logger import Logger

from buildmaster.workers.buildd.fetching import Fetcher
from buildmaster.workers.buildd.filecache import FileCache
from buildmaster.workers.buildd.job import ABORTED, Job, Report, Way
from buildmaster.workers.buildd.orders import RefusedError, Verdict, check_cookie, read_order
from buildmaster.workers.reactor import IReactor

PROTOCOL = "1.0"
WITH_FILES = {Verdict.OK, Verdict.PACKAGEFAIL, Verdict.DEPFAIL}


class State(Enum):
    """Where the slave is, in the words of the protocol."""

    IDLE = "BuilderStatus.IDLE"
    BUILDING = "BuilderStatus.BUILDING"
    ABORTING = "BuilderStatus.ABORTING"
    WAITING = "BuilderStatus.WAITING"


class BuildSlave:
    """One slave: at most one build at a time."""

    log = Logger()

    def __init__(self, reactor: IReactor, tag: str, way: Way, cache: FileCache, fetcher: Fetcher) -> None:
        self._reactor = reactor
        self._tag = tag
        self._way = way
        self._cache = cache
        self.ensurepresent = fetcher.ensurepresent
        self._state = State.IDLE
        self._job: Job | None = None
        self._over: Deferred[None] | None = None
        self._report = ABORTED

    @property
    def kinds(self) -> list[str]:
        """The kinds of build that it takes: both names that masters know, and its way's."""
        return ["binarypackage", "debian", self._way.name]

    def tell(self) -> list[object]:
        """Return what ``info()`` answers: the protocol, the tag of the architecture, the kinds of build."""
        return [PROTOCOL, self._tag, self.kinds]

    def status(self) -> dict[str, object]:
        """Return the answer to ``status()``."""
        answer: dict[str, object] = {"builder_status": self._state.value}
        if self._job is None or self._state is State.IDLE:
            return answer
        answer["build_id"] = self._job.cookie
        if self._state is State.BUILDING:
            answer["logtail"] = Binary(self._job.tail)
        if self._state is State.WAITING:
            answer |= _ended(self._report)
        return answer

    def build(
        self, cookie: object, kind: str, chroot: str, filemap: Mapping[str, str], args: Mapping[str, object]
    ) -> list[str]:
        """Begin a build, or say what is wrong with the order; raise RefusedError when it makes no sense now."""
        _check_state("build", self._state, State.IDLE)
        cookie = check_cookie(cookie)
        if kind not in self.kinds:
            return ["BuilderStatus.UNKNOWNBUILDER", f"{kind} not in {self.kinds!r}"]
        for word, sha1 in [("CHROOTSUM", chroot), *(("FILESUM", sha1) for sha1 in filemap.values())]:
            if not self._cache.has(sha1):
                return ["BuilderStatus.UNKNOWNSUM", f"{word} -> {sha1}: No URL"]
        folder = self._cache.folder / f"build-{cookie}"
        order = read_order(folder, cookie, self._cache.sent(chroot), list(filemap), args, self._tag)
        self._begin(Job(self._reactor, order, filemap, self._way, self._cache))
        return [State.BUILDING.value, cookie]

    def _begin(self, job: Job) -> None:
        self._state, self._job = State.BUILDING, job
        self._over = ensureDeferred(job.run()).addCallback(self._end)

    def _end(self, report: Report) -> None:
        self._report = ABORTED if self._state is State.ABORTING else report
        self._state = State.WAITING

    def abort(self) -> str:
        """Stop the build; repeating it is harmless. The slave is ABORTING until all has ended."""
        _check_state("abort", self._state, State.BUILDING, State.ABORTING)
        self._state = State.ABORTING
        if self._job is not None:
            self._job.stop()
        return self._state.value

    def clean(self) -> str:
        """Forget the build that has ended, its results and its log."""
        _check_state("clean", self._state, State.WAITING)
        self._cache.drop_results()
        self._state = State.IDLE
        return self._state.value

    def stop(self) -> Deferred[None] | None:
        """End whatever runs, as the daemon ends."""
        if self._state is State.BUILDING:
            self.abort()
        return self._over


def _check_state(call: str, state: State, *wanted: State) -> None:
    if state not in wanted:
        raise RefusedError(f"{call}() in state {state.value}")


def _ended(report: Report) -> dict[str, object]:
    """Return how a build ended, in the protocol's words."""
    answer: dict[str, object] = {"build_status": report.outcome.verdict.value}
    if report.outcome.verdict in WITH_FILES:
        answer |= {"filemap": dict(report.filemap), "dependencies": report.outcome.dependencies}
    return answer
