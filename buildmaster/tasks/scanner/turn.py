"""Ask the slaves that are due, many at once; act on their answers.

A turn waits for no slave in particular: it acts on answers as they come, some at a time, and ends when all have
answered, or none has for a moment. An answer that comes later is taken into the next turn, unless what was believed of
its builder has changed.

Everybody is looked at once a second, or every few seconds on a large farm. Other turns look only at the builders that
are due, that have answered, or whose errands have ended: what is decided on is fresh in each turn, and the others' rows
have not changed but by an operator. Nor have the processors of those, so they are as they were at the last look at all.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from buildmaster.farm.builders.facts import BuilderFacts
from buildmaster.farm.builders.groups import unserved
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.builders.snapshots import MOST, Belongings, belongings_of, glimpse, snapshot
from buildmaster.tasks.scanner.asking import Asking
from buildmaster.tasks.scanner.deciding import Deciding
from buildmaster.tasks.scanner.effects import Decision, Effects
from buildmaster.tasks.scanner.probes import NEVER
from buildmaster.work.database import Database
from buildmaster.work.errands import Errands
from buildmaster.work.pausing import all_of

NOBODY = "No builders are available"
EVERYBODY = 1.0  # seconds from one look at everybody to the next, at the least
SHARE = 0.025  # of the time, that may go into such looks
SELDOM = 10.0  # seconds from one to the next, at the most


class Scanner:
    """The slave scanner's turn: gather what we believe, gather what slaves say, decide, carry out.

    ``landings`` fires with the cookies of the results that lie in incoming/.
    """

    name = "slave_scanner"

    def __init__(
        self,
        clock: IReactorTime,
        database: Database,
        asking: Asking,
        errands: Errands,
        deciding: Deciding,
        effects: Effects,
        landings: Callable[[], Deferred[frozenset[str]]],
    ) -> None:
        self._clock = clock
        self._database = database
        self._asking = asking
        self._errands = errands
        self._deciding = deciding
        self._effects = effects
        self._landings = landings
        self._looked, self._took, self._pause = NEVER, 0.0, EVERYBODY
        self._belongings: Belongings = {}
        self._empty: frozenset[str] = frozenset()

    async def run(self) -> None:
        """Take a turn."""
        away = self._away()
        called = (self._asking.begin(away) | self._errands.returned()) - away
        begun: list[Deferred[None]] = []
        try:
            believed = await self._look(called)
            builders = await self._landed([builder for builder in believed if builder.id not in away])
            await self._asking.ask_those_due(builders)
            await self._act({builder.id: builder for builder in builders}, begun)
        finally:
            self._asking.end(self._away())
            await all_of(*begun)

    def _away(self) -> frozenset[int]:
        """Return the builders on errands, and those of which the rows do not say yet what came of that."""
        return self._errands.away() | self._errands.settling()

    async def _act(self, builders: dict[int, BuilderFacts], begun: list[Deferred[None]]) -> None:
        """Begin to act on the answers as they come, then on what is to be done about those that gave none.

        No answer waits for the rows that others change.
        """
        async for answers in self._asking.answers(builders):
            heard = [builders.pop(builder_id) for builder_id in answers]
            begun.append(self._carry_out(await self._deciding.decisions(heard, answers)))
        begun.append(self._carry_out(await self._deciding.decisions(list(builders.values()), {})))

    def _carry_out(self, decisions: Sequence[Decision]) -> Deferred[None]:
        return ensureDeferred(self._effects.carry_out(decisions))

    async def _look(self, called: frozenset[int]) -> Sequence[BuilderFacts]:
        """Return what is believed of those that call for this turn, or of everybody."""
        now = self._clock.seconds()
        if now - self._looked < self._pause and len(called) <= MOST:
            return await self._database.read(glimpse, called, self._belongings) if called else ()
        self._looked = now
        everybody = await self._database.read(snapshot)
        self._belongings = belongings_of(everybody)
        before, self._took = self._took, self._clock.seconds() - now
        self._pause = min(max(EVERYBODY, min(before, self._took) / SHARE), SELDOM)
        self._asking.survey(everybody)
        self._deciding.survey(everybody)
        self._tell_of_empty_groups(everybody)
        return everybody

    def _tell_of_empty_groups(self, builders: Sequence[BuilderFacts]) -> None:
        """Warn, once each time, that no builder of a processor is in service."""
        empty = unserved(builders)
        for processor in sorted(empty - self._empty):
            Logger(namespace=f"builders.{processor}").warn(NOBODY)
        self._empty = empty

    async def _landed(self, builders: Sequence[BuilderFacts]) -> list[BuilderFacts]:
        """See whose results a killed master had fetched already: their builders are on no errand now."""
        if not any(_gathers(builder) for builder in builders):
            return list(builders)
        there = await self._landings()
        return [_with_landing(builder, there) if _gathers(builder) else builder for builder in builders]


def _gathers(builder: BuilderFacts) -> bool:
    return builder.job is not None and builder.job.state is BuildState.GATHERING


def _with_landing(builder: BuilderFacts, there: frozenset[str]) -> BuilderFacts:
    return replace(builder, job=builder.job and replace(builder.job, landed=builder.job.cookie in there))
