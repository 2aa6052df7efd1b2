"""Who is to be asked when: planned by what each builder does, and by how many there are.

A time that is changed or dropped leaves its entry in the heap. Such entries are thrown away when they come up, or all
together as soon as they are more than the others.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from heapq import heapify, heappop, heappush
from operator import itemgetter

from twisted.internet.interfaces import IReactorTime

from buildmaster.farm.builders.facts import BuilderFacts
from buildmaster.farm.builders.pacing import Pace, crowding, interval, room, spaced
from buildmaster.work.pausing import unhurried

NEVER = float("-inf")


class DueTimes:
    """The times at which builders are due, in any unit; the soonest are found without a look at all."""

    def __init__(self) -> None:
        self._times: dict[int, float] = {}
        self._heap: list[tuple[float, int]] = []

    def set(self, builder_id: int, time: float) -> None:
        """Let the builder be due then, and at no other time."""
        if self._times.get(builder_id) != time:
            self._times[builder_id] = time
            heappush(self._heap, (time, builder_id))
            self._tidy()

    def drop(self, builder_id: int) -> None:
        """Let the builder not be due at all."""
        if self._times.pop(builder_id, None) is not None:
            self._tidy()

    def time(self, builder_id: int) -> float | None:
        """Return when the builder is due."""
        return self._times.get(builder_id)

    def first(self) -> float | None:
        """Return when the first is due."""
        heap, times = self._heap, self._times
        while heap and times.get(heap[0][1]) != heap[0][0]:
            heappop(heap)
        return heap[0][0] if heap else None

    def due(self, now: float, most: int) -> list[int]:
        """Return who is due by ``now``, the longest due first and of these those of the lowest ids; ``most`` of them.

        They stay due.
        """
        found: dict[int, float] = {}  # a time that was changed and changed back is in the heap twice
        while len(found) < most and (time := self.first()) is not None and time <= now:
            found[heappop(self._heap)[1]] = time
        for builder_id, time in found.items():
            heappush(self._heap, (time, builder_id))
        return list(found)

    def _tidy(self) -> None:
        if len(self._heap) > 2 * len(self._times):
            self._heap = [(time, builder_id) for builder_id, time in self._times.items()]
            heapify(self._heap)


class Paces:
    """How often builders are asked, and how many in a turn: by what each does, and by how many there are."""

    def __init__(self, pace: Pace, now: Callable[[], datetime]) -> None:
        self._pace = pace
        self._now = now
        self._builders, self._crowd = 0, 1.0
        self._begun = NEVER

    def survey(self, everybody: Sequence[BuilderFacts]) -> None:
        """See how large the farm is, and how often its builders would be asked."""
        now = self._now()
        self._builders = len(everybody)
        self._crowd = crowding(interval(builder, now, self._pace) for builder in everybody)

    def room(self, seconds: float) -> int:
        """Return how many may be asked in the turn that begins now, by the clock."""
        begun, self._begun = self._begun, seconds
        return room(self._builders, self._pace, seconds - begun)

    def _delay(self, builder: BuilderFacts, now: datetime) -> float | None:
        """Return how many seconds after it was asked last a builder is to be asked; None for never."""
        return spaced(interval(builder, now, self._pace), self._crowd, self._pace)

    def delays(self, builders: Iterable[BuilderFacts]) -> Iterator[tuple[int, float | None]]:
        """Yield the delays of builders, by their ids."""
        now = self._now()
        for builder in builders:
            yield builder.id, self._delay(builder, now)


class Timetable:
    """When each builder is to be asked next, and how many may be asked in a turn.

    Turns are many and so may builders be: a turn minds only those of which something has changed. A builder has a time
    if it was planned, is not away, and is not held back: while it is asked, and until a turn has taken its answer.
    """

    def __init__(self, clock: IReactorTime, paces: Paces) -> None:
        self._clock = clock
        self._paces = paces
        self._due = DueTimes()
        self._delays: dict[int, float] = {}
        self._asked: dict[int, float] = {}
        self._held: set[int] = set()
        self._away: frozenset[int] = frozenset()
        self._room = 0

    def begin(self) -> frozenset[int]:
        """Begin a turn; return who is due: the longest due, as many as may be asked in it."""
        now = self._clock.seconds()
        self._room = self._paces.room(now)
        return frozenset(self._due.due(now, self._room))

    def survey(self, everybody: Sequence[BuilderFacts]) -> None:
        """See how large the farm is; forget those that were removed."""
        self._paces.survey(everybody)
        for builder_id in (self._delays.keys() | self._asked.keys()) - {builder.id for builder in everybody}:
            self._delays.pop(builder_id, None)
            self._asked.pop(builder_id, None)
            self._due.drop(builder_id)

    async def plan_all(self, builders: Sequence[BuilderFacts]) -> None:
        """Plan when these are to be asked next."""
        async for builder_id, delay in unhurried(self._clock, self._paces.delays(builders)):
            self.plan(builder_id, delay)

    def plan(self, builder_id: int, delay: float | None) -> None:
        """Let the builder be due ``delay`` seconds after it was asked last; with None, not at all."""
        if delay is None:
            self._delays.pop(builder_id, None)
        else:
            self._delays[builder_id] = delay
        self._reschedule(builder_id)

    def due(self, builders: Sequence[BuilderFacts]) -> list[BuilderFacts]:
        """Return those of these that are to be asked in this turn: the longest due, as many as there is room for."""
        now = self._clock.seconds()
        timed = [(self._due.time(builder.id), builder) for builder in builders]
        due = [(time, builder) for time, builder in timed if time is not None and time <= now]
        return [builder for _, builder in sorted(due, key=itemgetter(0))[: max(self._room, 0)]]

    def first(self) -> float | None:
        """Return when the first is due, on the clock; None where nobody ever is."""
        return self._due.first()

    def note_asked(self, builder_id: int) -> None:
        """Note that the builder is asked now: it is not due before its answer was taken."""
        self._asked[builder_id] = self._clock.seconds()
        self._room -= 1
        self._held.add(builder_id)
        self._reschedule(builder_id)

    def release(self, builder_id: int) -> None:
        """Let the builder be due again: its answer was taken, or will never come."""
        self._held.discard(builder_id)
        self._reschedule(builder_id)

    def note_away(self, away: Collection[int]) -> None:
        """Note who is not to be asked now; those that are back are due again."""
        before, self._away = self._away, frozenset(away)
        for builder_id in before ^ self._away:
            self._reschedule(builder_id)

    def _reschedule(self, builder_id: int) -> None:
        """Let the builder be due when it is to be asked, if it is to be asked and nothing is in the way."""
        delay = self._delays.get(builder_id)
        if delay is None or builder_id in self._held or builder_id in self._away:
            self._due.drop(builder_id)
        else:
            self._due.set(builder_id, self._asked.get(builder_id, NEVER) + delay)
