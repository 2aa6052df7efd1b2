"""The slave's life: IDLE, BUILDING, perhaps ABORTING, WAITING, and IDLE again.

What it says is what a stock slave says: one build at a time, statuses are structs. What differs is on purpose: a
refused ``build()`` leaves everything as it was, and fetching a file keeps nobody from asking.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Protocol
from xmlrpc.client import Binary

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.interfaces import IReactorThreads
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.failure import Failure

from buildmaster.buildd.buildlog import BuildLog
from buildmaster.buildd.fetching import Fetcher
from buildmaster.buildd.filecache import FileCache
from buildmaster.buildd.orders import Order, Outcome, RefusedError, Verdict, check_cookie, read_order
from buildmaster.buildd.workbench import StoppedError, Workbench

PROTOCOL = "1.0"
WITH_FILES = {Verdict.OK, Verdict.PACKAGEFAIL, Verdict.DEPFAIL}


class State(Enum):
    """Where the slave is, in the words of the protocol."""

    IDLE = "BuilderStatus.IDLE"
    BUILDING = "BuilderStatus.BUILDING"
    ABORTING = "BuilderStatus.ABORTING"
    WAITING = "BuilderStatus.WAITING"


class Way(Protocol):
    """How things are built here; its name stands in the log and among the kinds of ``info()``."""

    name: str

    async def build(self, order: Order, bench: Workbench) -> Outcome:
        """Build what was ordered, on the bench; the outcome's files lie in the order's folder."""


class BuildSlave:
    """One slave: at most one build at a time."""

    log = Logger()

    def __init__(self, reactor: IReactorThreads, tag: str, way: Way, cache: FileCache, fetcher: Fetcher) -> None:
        self._reactor = reactor
        self._tag = tag
        self._way = way
        self._cache = cache
        self.ensurepresent = fetcher.ensurepresent
        self._forget()

    def _forget(self) -> None:
        self._state = State.IDLE
        self._cookie = ""
        self._bench: Workbench | None = None
        self._outcome = Outcome(Verdict.OK)
        self._filemap: dict[str, str] = {}
        self.over: Deferred[None] | None = None

    def kinds(self) -> list[str]:
        """Return the kinds of build that it takes: both names that masters know, and its way's."""
        return ["binarypackage", "debian", self._way.name]

    def tell(self) -> list:
        """Return what ``info()`` answers: the protocol, the tag of the architecture, the kinds of build."""
        return [PROTOCOL, self._tag, self.kinds()]

    def status(self) -> dict:
        """Return the answer to ``status()``."""
        answer: dict = {"builder_status": self._state.value}
        if self._state is not State.IDLE:
            answer["build_id"] = self._cookie
        if self._state is State.BUILDING:
            answer["logtail"] = Binary(self._bench.log.tail)
        if self._state is State.WAITING:
            answer |= self._ended()
        return answer

    def _ended(self) -> dict:
        answer: dict = {"build_status": self._outcome.verdict.value}
        if self._outcome.verdict in WITH_FILES:
            answer |= {"filemap": self._filemap, "dependencies": self._outcome.dependencies}
        return answer

    def build(self, cookie: object, kind: str, chroot: str, filemap: Mapping[str, str], args: Mapping) -> list[str]:
        """Begin a build, or say what is wrong with the order; raise RefusedError when it makes no sense now."""
        if self._state is not State.IDLE:
            raise RefusedError(f"build() in state {self._state.value}")
        cookie = check_cookie(cookie)
        if kind not in self.kinds():
            return ["BuilderStatus.UNKNOWNBUILDER", f"{kind} not in {self.kinds()!r}"]
        sums = [("CHROOTSUM", chroot), *(("FILESUM", sha1) for sha1 in filemap.values())]
        for word, sha1 in sums:
            if not self._cache.has(sha1):
                return ["BuilderStatus.UNKNOWNSUM", f"{word} -> {sha1}: No URL"]
        folder = self._cache.folder / f"build-{cookie}"
        order = read_order(folder, cookie, self._cache.sent(chroot), list(filemap), args, self._tag)
        self._begin(order, filemap, str(args.get("build_url", "")))
        return [State.BUILDING.value, cookie]

    def _begin(self, order: Order, filemap: Mapping[str, str], url: str) -> None:
        self._state, self._cookie = State.BUILDING, order.cookie
        self._bench = Workbench(self._reactor, order.folder, BuildLog(self._cache.log))
        self._bench.log.note(f"{url}\nBuilding {order.dsc} for {order.tag} by way of {self._way.name}".lstrip())
        self.log.info("{cookie}: building {dsc}", cookie=order.cookie, dsc=order.dsc)
        self.over = ensureDeferred(self._work(order, filemap, self._bench))

    async def _work(self, order: Order, filemap: Mapping[str, str], bench: Workbench) -> None:
        attempt = ensureDeferred(self._attempt(order, filemap, bench))
        outcome, results = await attempt.addErrback(self._broken)
        await self._in_thread(bench.clear)
        bench.log.close()
        self._end(outcome, results)

    async def _attempt(self, order: Order, filemap: Mapping[str, str], bench: Workbench) -> tuple[Outcome, dict]:
        order.folder.mkdir()
        for name, sha1 in filemap.items():
            self._cache.lend(sha1, order.folder / name)
        outcome = await self._way.build(order, bench)
        return outcome, await self._in_thread(self._cache.take, outcome.files)

    def _broken(self, failure: Failure) -> tuple[Outcome, dict]:
        """Return the end of a build that was stopped, or that this slave could not do."""
        if failure.check(StoppedError):
            return Outcome(Verdict.ABORTED), {}
        self.log.failure("{cookie}: the build broke", failure, cookie=self._cookie)
        return Outcome(Verdict.BUILDERFAIL), {}

    def _end(self, outcome: Outcome, results: dict[str, str]) -> None:
        if self._state is State.ABORTING:
            outcome, results = Outcome(Verdict.ABORTED), {}
        self._state, self._outcome, self._filemap = State.WAITING, outcome, results
        self.log.info("{cookie}: {verdict}", cookie=self._cookie, verdict=outcome.verdict.value)

    def _in_thread(self, work, *args) -> Deferred:  # noqa: ANN001, ANN002  (any function)
        return deferToThreadPool(self._reactor, self._reactor.getThreadPool(), work, *args)

    def abort(self) -> str:
        """Stop the build; repeating it is harmless. The slave is ABORTING until all has ended."""
        if self._state not in {State.BUILDING, State.ABORTING}:
            raise RefusedError(f"abort() in state {self._state.value}")
        self._state = State.ABORTING
        self._bench.stop()
        return self._state.value

    def clean(self) -> str:
        """Forget the build that has ended, its results and its log."""
        if self._state is not State.WAITING:
            raise RefusedError(f"clean() in state {self._state.value}")
        self._cache.drop_results()
        self._forget()
        return self._state.value

    def stop(self) -> Deferred[None] | None:
        """End whatever runs, as the daemon ends."""
        if self._state is State.BUILDING:
            self.abort()
        return self.over
