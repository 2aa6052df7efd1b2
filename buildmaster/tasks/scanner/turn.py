"""Take the scanner's turns: ask the slaves that are due, many at once; act on their answers.

A turn waits for no slave in particular: it acts on answers as they come, some at a time, and ends when all have
answered, or none has for a moment. An answer that comes later is taken into the next turn, unless what was believed of
its builder has changed.
"""

from collections.abc import Sequence

from twisted.internet.defer import Deferred, ensureDeferred

from buildmaster.farm.builders.facts import BuilderFacts
from buildmaster.tasks.scanner.beliefs import Beliefs
from buildmaster.tasks.scanner.deciding import Deciding
from buildmaster.tasks.scanner.effects import Decision, Effects
from buildmaster.tasks.scanner.round import Round
from buildmaster.work.errands import Errands
from buildmaster.work.pausing import all_of


class Scanner:
    """The slave scanner's turn: gather what we believe, gather what slaves say, decide, carry out."""

    name = "slave_scanner"

    def __init__(self, beliefs: Beliefs, round_: Round, errands: Errands, deciding: Deciding, effects: Effects) -> None:
        self._beliefs = beliefs
        self._round = round_
        self._errands = errands
        self._deciding = deciding
        self._effects = effects

    async def run(self) -> None:
        """Take a turn."""
        away = self._away()
        called = (self._round.begin(away) | self._errands.returned()) - away
        begun: list[Deferred[None]] = []
        try:
            builders = await self._believed(called, away)
            await self._round.ask_those_due(builders)
            await self._act({builder.id: builder for builder in builders}, begun)
        finally:
            self._round.end(self._away())
            await all_of(*begun)

    def _away(self) -> frozenset[int]:
        """Return the builders on errands, and those of which the rows do not say yet what came of that."""
        return self._errands.away() | self._errands.settling()

    async def _believed(self, called: frozenset[int], away: frozenset[int]) -> list[BuilderFacts]:
        """Return what is believed of those that call for this turn, or of everybody; not of those that are away."""
        believed = await self._beliefs.gather(called)
        if believed.everybody:
            self._round.survey(believed.builders)
            self._deciding.survey(believed.builders)
        return await self._beliefs.with_landings([each for each in believed.builders if each.id not in away])

    async def _act(self, builders: dict[int, BuilderFacts], begun: list[Deferred[None]]) -> None:
        """Begin to act on the answers as they come, then on what is to be done about those that gave none.

        No answer waits for the rows that others change.
        """
        async for answers in self._round.answers(builders):
            heard = [builders.pop(builder_id) for builder_id in answers]
            begun.append(self._carry_out(await self._deciding.decisions(heard, answers)))
        begun.append(self._carry_out(await self._deciding.decisions(list(builders.values()), {})))

    def _carry_out(self, decisions: Sequence[Decision]) -> Deferred[None]:
        return ensureDeferred(self._effects.carry_out(decisions))
