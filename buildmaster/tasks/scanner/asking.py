"""Ask builders when their time has come, and not too many of them at once."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import datetime

from twisted.internet.interfaces import IReactorTime

from buildmaster.farm.builders.facts import BuilderFacts
from buildmaster.farm.builders.pacing import Pace, crowding, interval, room, spaced
from buildmaster.tasks.scanner.probes import NEVER, Answer, Probes
from buildmaster.work.pausing import unhurried


class Asking:
    """The questions of the scanner's turns."""

    def __init__(self, clock: IReactorTime, probes: Probes, pace: Pace, now: Callable[[], datetime]) -> None:
        self._clock = clock
        self._probes = probes
        self._pace = pace
        self._now = now
        self._begun = NEVER
        self._builders = 0
        self._crowd = 1.0

    def begin(self, away: Collection[int]) -> frozenset[int]:
        """Begin a turn; return the builders that call for it. Those that are ``away`` are not to be asked."""
        begun, self._begun = self._begun, self._clock.seconds()
        return self._probes.begin(room(self._builders, self._pace, self._begun - begun), away)

    def survey(self, everybody: Sequence[BuilderFacts]) -> None:
        """See how large the farm is, and how often its builders would be asked."""
        now = self._now()
        self._builders = len(everybody)
        self._crowd = crowding(interval(builder, now, self._pace) for builder in everybody)
        self._probes.keep({builder.id for builder in everybody})

    async def ask_those_due(self, builders: Sequence[BuilderFacts]) -> None:
        """Plan when these are to be asked next, and ask those whose time has come."""
        now = self._now()
        async for builder in unhurried(self._clock, builders):
            self._probes.plan(builder, spaced(interval(builder, now, self._pace), self._crowd, self._pace))
        async for builder in unhurried(self._clock, self._probes.due(builders)):
            self._probes.ask(builder)

    async def answers(self, builders: Mapping[int, BuilderFacts]) -> AsyncIterator[dict[int, Answer]]:
        """Yield the answers of these builders' slaves as they come, some at a time, as far as they still matter.

        The last are those that have come when nobody's is worth waiting for any more.
        """
        more = True
        while more:
            more = await self._probes.gather()
            yield self._probes.take(builders)

    def end(self, away: Collection[int]) -> None:
        """End a turn."""
        self._probes.end(away)
