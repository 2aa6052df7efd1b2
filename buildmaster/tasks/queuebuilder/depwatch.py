"""Send builds that wait for dependencies back to the queue, as soon as what they wait for is there."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from io import TextIOWrapper
from itertools import groupby

from twisted.logger import Logger

from buildmaster.farm.indices.packages import find_offers
from buildmaster.farm.queue.architectures import ArchitectureTable
from buildmaster.farm.queue.depends import UNKNOWN_PAUSE, Release, Remain, Wait, judge_wait, names
from buildmaster.model.queue.depwaits import (
    Holdings,
    Scope,
    Waiting,
    holdings,
    mirrors_fetched,
    published_since,
    settle,
    waiting_builds,
)
from buildmaster.work.taskcontext import TaskContext

OVERLAP = timedelta(minutes=1)  # a publication may be committed later than another that says a later time
BUILDS = 10  # in one transaction
Verdict = Release | Remain


class DependencyWatch:
    """Judges a build when it begins to wait, and again when something that it names is published.

    After a start it knows nothing and judges all.
    """

    log = Logger()

    def __init__(self, context: TaskContext, table: ArchitectureTable) -> None:
        self._context = context
        self._table = table
        self._judged: dict[int, datetime] = {}
        self._unknown: set[int] = set()
        self._published: datetime | None = None
        self._mirrors: datetime | None = None

    async def release(self) -> int:
        """Judge the builds that have a reason to be judged; return how many went back to the queue."""
        waiting = await self._context.database.read(waiting_builds)
        due = await self._due(waiting)
        self._judged = {each.wait.build_id: each.wait.since for each in waiting}
        self._unknown &= set(self._judged)
        released = 0
        for scope, some in groupby(sorted(due, key=_by_scope), key=lambda each: each.scope):
            released += await self._judge(scope, [each.wait for each in some])
        return released

    async def _due(self, waiting: tuple[Waiting, ...]) -> list[Waiting]:
        mirrors = await self._context.database.read(mirrors_fetched)
        then = None if self._published is None else self._published - OVERLAP
        latest, came = await self._context.database.read(published_since, then)
        everything = mirrors != self._mirrors or (self._published is None and latest is not None)
        self._mirrors, self._published = mirrors, latest
        return [each for each in waiting if everything or self._has_reason(each.wait, came)]

    def _has_reason(self, wait: Wait, came: frozenset[str]) -> bool:
        if self._judged.get(wait.build_id) != wait.since:
            return True
        if wait.build_id in self._unknown and self._context.now() - wait.since >= UNKNOWN_PAUSE:
            return True
        return bool(came and names(wait.line) & came)

    async def _judge(self, scope: Scope, waits: list[Wait]) -> int:
        wanted = frozenset[str]().union(*(names(wait.line) for wait in waits))
        held = await self._context.database.read(holdings, scope, wanted)
        offers = await self._context.in_thread(self._all_offers, held, wanted)
        verdicts = [(wait, self._verdict(wait, offers if held.known else None, held)) for wait in waits]
        self._unknown |= set() if held.known else {wait.build_id for wait in waits}
        self._tell(verdicts)
        return sum([await self._settle(verdicts[n : n + BUILDS]) for n in range(0, len(verdicts), BUILDS)])

    async def _settle(self, verdicts: list[tuple[Wait, Verdict]]) -> int:
        released: int = await self._context.database.run(settle, self._context.now(), verdicts)
        return released

    def _all_offers(self, held: Holdings, wanted: frozenset[str]) -> dict[str, set[str | None]]:
        """Return what is on offer of some names, in our archives and in mirrors; it blocks."""
        found = dict(held.offers)
        for sha256 in held.indices:
            with TextIOWrapper(self._context.librarian.open(sha256), encoding="utf-8") as lines:
                for name, versions in find_offers(lines, wanted).items():
                    found[name] = found.get(name, set()) | versions
        return found

    def _verdict(self, wait: Wait, offers: dict[str, set[str | None]] | None, held: Holdings) -> Verdict:
        newer = [name for name, date in held.dates.items() if date > wait.since]
        return judge_wait(wait, offers, newer, self._table, self._context.now())

    def _tell(self, verdicts: Iterable[tuple[Wait, Verdict]]) -> None:
        for wait, verdict in verdicts:
            if isinstance(verdict, Release):
                self.log.info("build {id} goes back to the queue: {why}", id=wait.build_id, why=verdict.reason)


def _by_scope(waiting: Waiting) -> tuple[int, int, int, str]:
    scope = waiting.scope
    return scope.archive_id, scope.architecture_id, scope.pocket, scope.component
