"""The questions of a turn to slaves: who was asked, and who has answered.

An answer that comes when its turn is over is kept for the next.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass

from twisted.internet.defer import Deferred, ensureDeferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from buildmaster.farm.builders.facts import BuilderFacts
from buildmaster.farm.builders.replies import Silence, SlaveInfo, SlaveStatus, Word
from buildmaster.farm.builders.states import CleanStatus
from buildmaster.slave.client import Slaves
from buildmaster.tasks.scanner.calls import TurnCalls
from buildmaster.tasks.scanner.timetable import Timetable
from buildmaster.work.pausing import unhurried

log = Logger()
QUIET = 0.01  # seconds without any answer that end a turn
SOME = 0.005  # seconds after which a turn acts on the answers that have come, and waits for more
LONGEST = 0.1  # seconds that a turn waits for answers at the most


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


class Round:
    """Who was asked, and who has answered.

    A turn begins one, asks those that are due, acts on answers as they come, and ends it.
    """

    def __init__(self, clock: IReactorTime, slaves: Slaves, timetable: Timetable, calls: TurnCalls) -> None:
        self._clock = clock
        self._slaves = slaves
        self._timetable = timetable
        self._calls = calls
        self._awaited: set[int] = set()
        self._answers: dict[int, Answer] = {}
        self._wait = Wait(clock, self._awaited)

    def begin(self, away: Collection[int]) -> frozenset[int]:
        """Begin a turn, in which those that are ``away`` are not asked.

        Return the builders that call for it: the longest due, and those that answered since the last.
        """
        self._calls.begin()
        self._timetable.note_away(away)
        self._wait.begin(came=bool(self._answers))
        return self._answers.keys() | self._timetable.begin()

    def end(self, away: Collection[int]) -> None:
        """End a turn; some are ``away`` now."""
        self._timetable.note_away(away)
        self._calls.end(self._timetable.first())

    def survey(self, everybody: Sequence[BuilderFacts]) -> None:
        """See who there is; forget those that were removed."""
        self._timetable.survey(everybody)
        for builder_id in self._answers.keys() - {builder.id for builder in everybody}:
            del self._answers[builder_id]
            self._timetable.release(builder_id)

    async def ask_those_due(self, builders: Sequence[BuilderFacts]) -> None:
        """Plan when these are to be asked next, and ask those whose time has come."""
        await self._timetable.plan_all(builders)
        async for builder in unhurried(self._clock, self._timetable.due(builders)):
            self.ask(builder)

    def ask(self, builder: BuilderFacts) -> None:
        """Ask the builder's slave."""
        self._timetable.note_asked(builder.id)
        self._awaited.add(builder.id)
        answered = ensureDeferred(self._answer(builder))
        answered.addBoth(self._answered, builder.id)
        answered.addErrback(_broke, builder)

    async def answers(self, builders: Mapping[int, BuilderFacts]) -> AsyncIterator[dict[int, Answer]]:
        """Yield the answers of these builders' slaves as they come, some at a time, as far as they still matter.

        The last are those that have come when nobody's is worth waiting for any more.
        """
        more = True
        while more:
            more = await self._wait.for_some()
            yield self.take(builders)

    def take(self, builders: Mapping[int, BuilderFacts]) -> dict[int, Answer]:
        """Return the answers of these builders' slaves, each once, as far as they still matter."""
        answers = {builder_id: self._answers.pop(builder_id) for builder_id in self._answers.keys() & builders.keys()}
        for builder_id in answers:
            self._timetable.release(builder_id)
        return {id_: answer for id_, answer in answers.items() if answer.belief == Belief.of(builders[id_])}

    async def _answer(self, builder: BuilderFacts) -> Answer:
        slave = self._slaves.of(builder)
        word = await slave.status()
        wanted = isinstance(word, SlaveStatus) and builder.job is None and _must_introduce_itself(builder)
        return Answer(Belief.of(builder), word, await slave.info() if wanted else None)

    def _answered(self, answer: Answer | Failure, builder_id: int) -> Answer | Failure:
        if isinstance(answer, Answer):
            self._answers[builder_id] = answer
        else:
            self._timetable.release(builder_id)
        if builder_id in self._awaited:
            self._awaited.discard(builder_id)
            self._wait.one_came()
        else:
            self._calls.late_answer()
        return answer


class Wait:
    """A turn's wait for answers from those that are ``awaited``: until some have come, or none will soon."""

    def __init__(self, clock: IReactorTime, awaited: set[int]) -> None:
        self._clock = clock
        self._awaited = awaited
        self._ends = 0.0
        self._came = False
        self._waiting: Deferred[bool] | None = None
        self._call: IDelayedCall | None = None

    def begin(self, *, came: bool) -> None:
        """Wait for nobody yet; ``came`` tells that there are answers already."""
        self._came, self._ends = came, self._clock.seconds() + LONGEST
        self._awaited.clear()

    def for_some(self) -> Deferred[bool]:
        """Fire when there are answers to act on, or nobody's is worth waiting for; tell whether there may be more."""
        if not self._awaited or self._clock.seconds() >= self._ends:
            return succeed(self._enough(more=False))
        if self._came:
            return succeed(self._enough(more=True))
        self._call = self._clock.callLater(QUIET, self._go_on)
        self._waiting = Deferred()
        return self._waiting

    def one_came(self) -> None:
        """Note an answer: the first is acted on in a moment, with those that come until then."""
        first, self._came = not self._came, True
        if self._call is None:
            return
        if not self._awaited:
            self._go_on()
        elif first:
            self._call.reset(SOME)

    def _go_on(self) -> None:
        """Let the turn act; a wait in which nobody answered was the last."""
        call, self._call = self._call, None
        if call is not None and call.active():
            call.cancel()
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.callback(self._enough(more=self._came and bool(self._awaited)))

    def _enough(self, *, more: bool) -> bool:
        self._came = False
        if not more:
            self._awaited.clear()
        return more


def _broke(failure: Failure, builder: BuilderFacts) -> None:
    log.failure("asking {name} broke", failure, name=builder.name)


def _must_introduce_itself(builder: BuilderFacts) -> bool:
    return not builder.builderok or builder.clean_status is not CleanStatus.CLEAN or not builder.kinds
