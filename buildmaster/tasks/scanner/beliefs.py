"""Gather what is believed of builders: of everybody now and then, else of those only that call for a turn.

Everybody is looked at once a second, or every few seconds on a large farm. Other turns look only at the builders that
are due, that have answered, or whose errands have ended: what is decided on is fresh in each turn, and the others' rows
have not changed but by an operator. Nor have the processors of those, so they are as they were at the last look at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from buildmaster.farm.builders.facts import BuilderFacts
from buildmaster.farm.builders.groups import unserved
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.files.uploadfolders import landed_cookies
from buildmaster.model.builders.snapshots import MOST, Belongings, belongings_of, glimpse, snapshot
from buildmaster.work.taskcontext import TaskContext

NOBODY = "No builders are available"
EVERYBODY = 1.0  # seconds from one look at everybody to the next, at the least
SHARE = 0.025  # of the time, that may go into such looks
SELDOM = 10.0  # seconds from one to the next, at the most
NEVER = float("-inf")


@dataclass(frozen=True)
class Believed:
    """What is believed of some builders, or of ``everybody``."""

    builders: Sequence[BuilderFacts]
    everybody: bool = False


class Beliefs:
    """What our rows say of builders, and ``root``, the farm's folder, of results that have landed."""

    def __init__(self, context: TaskContext, clock: IReactorTime, root: Path) -> None:
        self._context = context
        self._clock = clock
        self._landed_cookies = partial(context.in_thread, landed_cookies, root)
        self._looked, self._took, self._pause = NEVER, 0.0, EVERYBODY
        self._belongings: Belongings = {}
        self._empty: frozenset[str] = frozenset()

    async def gather(self, called: frozenset[int]) -> Believed:
        """Return what is believed of those that call for this turn, or of everybody."""
        now = self._clock.seconds()
        if now - self._looked < self._pause and len(called) <= MOST:
            return Believed(await self._context.database.read(glimpse, called, self._belongings) if called else ())
        self._looked = now
        everybody = await self._context.database.read(snapshot)
        self._belongings = belongings_of(everybody)
        before, self._took = self._took, self._clock.seconds() - now
        self._pause = min(max(EVERYBODY, min(before, self._took) / SHARE), SELDOM)
        self._tell_of_empty_groups(everybody)
        return Believed(everybody, everybody=True)

    async def with_landings(self, builders: Sequence[BuilderFacts]) -> list[BuilderFacts]:
        """See whose results a killed master had fetched already; these builders must be on no errand now."""
        if not any(_fetches(builder) for builder in builders):
            return list(builders)
        there = await self._landed_cookies()
        return [_with_landing(builder, there) if _fetches(builder) else builder for builder in builders]

    def _tell_of_empty_groups(self, builders: Sequence[BuilderFacts]) -> None:
        """Warn, once each time, that no builder of a processor is in service."""
        empty = unserved(builders)
        for processor in sorted(empty - self._empty):
            Logger(namespace=f"builders.{processor}").warn(NOBODY)
        self._empty = empty


def _fetches(builder: BuilderFacts) -> bool:
    return builder.job is not None and builder.job.state is BuildState.GATHERING


def _with_landing(builder: BuilderFacts, there: frozenset[str]) -> BuilderFacts:
    return replace(builder, job=builder.job and replace(builder.job, landed=builder.job.cookie in there))
