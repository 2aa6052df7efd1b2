"""One build, from the order to what is handed over."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ParamSpec, Protocol, TypeVar

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.failure import Failure

from buildmaster.workers.buildd.buildlog import BuildLog
from buildmaster.workers.buildd.filecache import FileCache
from buildmaster.workers.buildd.orders import Order, Outcome, Verdict
from buildmaster.workers.buildd.workbench import StoppedError, Workbench
from buildmaster.workers.reactor import IReactor

P = ParamSpec("P")
T = TypeVar("T")


class Way(Protocol):
    """How things are built here; its name stands in the log and among the kinds of ``info()``."""

    name: str

    async def build(self, order: Order, bench: Workbench) -> Outcome:
        """Build what was ordered, on the bench; the outcome's files lie in the order's folder."""


@dataclass(frozen=True)
class Report:
    """What came of a job, and the SHA-1s of its results by name."""

    outcome: Outcome
    filemap: Mapping[str, str] = field(default_factory=dict)


ABORTED = Report(Outcome(Verdict.ABORTED))


class Job:
    """A build at work; it can be stopped, and leaves nothing but its log and its results in the cache."""

    log = Logger()

    def __init__(self, reactor: IReactor, order: Order, filemap: Mapping[str, str], way: Way, cache: FileCache) -> None:
        self._reactor = reactor
        self._order = order
        self._filemap = filemap
        self._way = way
        self._cache = cache
        self._log = BuildLog(cache.log)
        self._bench = Workbench(reactor, order.folder, self._log)
        self.stop = self._bench.stop

    @property
    def cookie(self) -> str:
        """What the master calls it."""
        return self._order.cookie

    @property
    def tail(self) -> bytes:
        """The end of the log."""
        return self._log.tail

    async def run(self) -> Report:
        """Build; never fail."""
        self._log.note(f"Building {self._order.dsc} for {self._order.tag} by way of {self._way.name}")
        self.log.info("{cookie}: building {dsc}", cookie=self.cookie, dsc=self._order.dsc)
        report = await ensureDeferred(self._work()).addErrback(self._broken)
        self._log.close()
        await self._in_thread(self._bench.clear)
        self.log.info("{cookie}: {verdict}", cookie=self.cookie, verdict=report.outcome.verdict.value)
        return report

    async def _work(self) -> Report:
        self._order.folder.mkdir()
        for name, sha1 in self._filemap.items():
            self._cache.lend(sha1, self._order.folder / name)
        outcome = await self._way.build(self._order, self._bench)
        return Report(outcome, await self._in_thread(self._cache.take, outcome.files))

    def _broken(self, failure: Failure) -> Report:
        """Return the end of a build that was stopped, or that this slave could not do."""
        if failure.check(StoppedError):
            return ABORTED
        self.log.failure("{cookie}: the build broke", failure, cookie=self.cookie)
        return Report(Outcome(Verdict.BUILDERFAIL))

    def _in_thread(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> Deferred[T]:
        return deferToThreadPool(self._reactor, self._reactor.getThreadPool(), work, *args, **named)
