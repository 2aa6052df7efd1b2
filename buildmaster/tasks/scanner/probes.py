"""The questions to slaves: which are due, which are under way, and the answers that no turn has taken yet."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from twisted.internet.defer import Deferred, ensureDeferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from buildmaster.farm.builders.facts import BuilderFacts
from buildmaster.farm.builders.replies import Silence, SlaveInfo, SlaveStatus, Word
from buildmaster.farm.builders.states import CleanStatus
from buildmaster.slave.client import Slaves
from buildmaster.tasks.scanner.timetable import Schedule

log = Logger()
QUIET = 0.01  # seconds without any answer that end a turn
ROUND = 0.005  # seconds after which a turn acts on the answers that have come, and waits for more
LONGEST = 0.1  # seconds that a turn waits for answers at the most
APART = 0.05  # seconds from one turn to the next that is called for because somebody is due
NEVER = float("-inf")


@dataclass(frozen=True)
class Belief:
    """What an answer is an answer about: it is worth nothing once this has changed."""

    cookie: str | None
    clean_status: CleanStatus
    url: str

    @classmethod
    def of(cls, builder: BuilderFacts) -> "Belief":
        """Return what is believed of the builder."""
        return cls(builder.job.cookie if builder.job else None, builder.clean_status, builder.url)


@dataclass(frozen=True)
class Answer:
    """What a slave said, and about what."""

    belief: Belief
    word: Word
    info: SlaveInfo | Silence | None


class Probes:
    """The plan of questions, those under way, and the answers that no turn has taken yet.

    ``call`` calls for a turn: for an answer that the turn which asked did not wait for, and when somebody is due.

    Turns are many and so may builders be: a turn minds only those of which something has changed. The schedule has
    everybody that has a delay, is not being asked, has no answer that no turn has taken yet, and is not away.
    """

    def __init__(self, clock: IReactorTime, slaves: Slaves, call: Callable[[], None]) -> None:
        self._clock = clock
        self._slaves = slaves
        self._call_for_turn = call
        self._delays: dict[int, float] = {}
        self._asked: dict[int, float] = {}
        self._pending: set[int] = set()
        self._away: frozenset[int] = frozenset()
        self._awaited: set[int] = set()
        self._answers: dict[int, Answer] = {}
        self._schedule = Schedule()
        self._gathering: Deferred[bool] | None = None
        self._call: IDelayedCall | None = None
        self._next: IDelayedCall | None = None
        self._ends = 0.0
        self._room = 0
        self._came = self._called = False

    def begin(self, room: int, away: Collection[int] = ()) -> frozenset[int]:
        """Begin a turn, in which so many may be asked, but for those that are ``away``.

        Return who calls for it: the longest due, and who answered.
        """
        now = self._clock.seconds()
        self._forget_next()
        self._note_away(away)
        self._came, self._called = bool(self._answers), False
        self._ends, self._room = now + LONGEST, room
        self._awaited.clear()
        return self._answers.keys() | frozenset(self._schedule.due(now, room))

    def end(self, away: Collection[int] = ()) -> None:
        """End a turn: call for another when the next question is due, but not at once. Some are ``away`` now."""
        self._forget_next()
        self._note_away(away)
        first = self._schedule.first()
        if first is not None:
            self._next = self._clock.callLater(max(APART, first - self._clock.seconds()), self._call_for_turn)

    def _note_away(self, away: Collection[int]) -> None:
        """Reschedule those that have gone away, and those that are back."""
        before, self._away = self._away, frozenset(away)
        for builder_id in before ^ self._away:
            self._reschedule(builder_id)

    def _reschedule(self, builder_id: int) -> None:
        """Let the builder be due when it is to be asked, if it is to be asked and nothing is in the way."""
        delay = self._delays.get(builder_id)
        if delay is None or builder_id in self._pending or builder_id in self._answers or builder_id in self._away:
            self._schedule.drop(builder_id)
        else:
            self._schedule.set(builder_id, self._asked.get(builder_id, NEVER) + delay)

    def _forget_next(self) -> None:
        call, self._next = self._next, None
        if call is not None and call.active():
            call.cancel()

    def plan(self, builder: BuilderFacts, delay: float | None) -> None:
        """Let the builder be due ``delay`` seconds after it was asked last; with None, not at all."""
        if delay is None:
            self._delays.pop(builder.id, None)
        else:
            self._delays[builder.id] = delay
        self._reschedule(builder.id)

    def keep(self, builder_ids: Collection[int]) -> None:
        """Forget all others: they were removed."""
        for memory in (self._delays, self._asked, self._answers):
            for builder_id in memory.keys() - builder_ids:
                del memory[builder_id]
                self._schedule.drop(builder_id)

    def due(self, builders: Sequence[BuilderFacts]) -> list[BuilderFacts]:
        """Return those that are to be asked in this turn: the longest due, as many as there is room for."""
        now = self._clock.seconds()
        timed = [(self._schedule.time(builder.id), builder) for builder in builders]
        due = [(time, builder) for time, builder in timed if time is not None and time <= now]
        return [builder for _, builder in sorted(due, key=itemgetter(0))[: max(self._room, 0)]]

    def ask(self, builder: BuilderFacts) -> None:
        """Ask the builder's slave."""
        self._asked[builder.id] = self._clock.seconds()
        self._room -= 1
        self._pending.add(builder.id)
        self._awaited.add(builder.id)
        self._reschedule(builder.id)
        answered = ensureDeferred(self._answer(builder))
        answered.addBoth(self._answered, builder.id)
        answered.addErrback(_broke, builder)

    def gather(self) -> Deferred[bool]:
        """Fire when there are answers to act on, or nobody's is worth waiting for; tell whether there may be more."""
        if not self._awaited or self._clock.seconds() >= self._ends:
            return succeed(self._enough(more=False))
        if self._came:
            return succeed(self._enough(more=True))
        self._call = self._clock.callLater(QUIET, self._go_on)
        self._gathering = Deferred()
        return self._gathering

    def take(self, builders: Mapping[int, BuilderFacts]) -> dict[int, Answer]:
        """Return the answers of these builders' slaves, each once, as far as they still matter."""
        answers = {builder_id: self._answers.pop(builder_id) for builder_id in self._answers.keys() & builders.keys()}
        for builder_id in answers:
            self._reschedule(builder_id)
        return {id_: answer for id_, answer in answers.items() if answer.belief == Belief.of(builders[id_])}

    async def _answer(self, builder: BuilderFacts) -> Answer:
        slave = self._slaves.of(builder)
        word = await slave.status()
        wanted = isinstance(word, SlaveStatus) and builder.job is None and _must_introduce_itself(builder)
        return Answer(Belief.of(builder), word, await slave.info() if wanted else None)

    def _answered(self, answer: Answer | Failure, builder_id: int) -> Answer | Failure:
        self._pending.discard(builder_id)
        if isinstance(answer, Answer):
            self._answers[builder_id] = answer
        self._reschedule(builder_id)
        if builder_id in self._awaited:
            self._awaited.discard(builder_id)
            self._one_came()
        elif not self._called:
            self._called = True
            self._call_for_turn()
        return answer

    def _one_came(self) -> None:
        first, self._came = not self._came, True
        if self._call is None:
            return
        if not self._awaited:
            self._go_on()
        elif first:
            self._call.reset(ROUND)

    def _go_on(self) -> None:
        """End a round; one in which nobody answered was the last."""
        call, self._call = self._call, None
        if call is not None and call.active():
            call.cancel()
        gathering, self._gathering = self._gathering, None
        if gathering is not None:
            gathering.callback(self._enough(more=self._came and bool(self._awaited)))

    def _enough(self, *, more: bool) -> bool:
        self._came = False
        if not more:
            self._awaited.clear()
        return more


def _broke(failure: Failure, builder: BuilderFacts) -> None:
    log.failure("asking {name} broke", failure, name=builder.name)


def _must_introduce_itself(builder: BuilderFacts) -> bool:
    return not builder.builderok or builder.clean_status is not CleanStatus.CLEAN or not builder.kinds
