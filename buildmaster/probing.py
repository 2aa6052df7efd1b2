"""The questions to slaves: which are due, which are under way, and the answers that no turn has taken yet."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from twisted.internet.defer import Deferred, ensureDeferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from buildmaster.farm.facts import BuilderFacts, Silence, SlaveInfo, SlaveStatus, Word
from buildmaster.farm.states import CleanStatus
from buildmaster.slave import Slaves

log = Logger()
QUIET = 0.02  # seconds without any answer that end a turn
LONGEST = 0.25  # seconds that a turn waits for answers at the most
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

    ``late`` is called when there is one that the turn which asked did not wait for: another turn is to take it.
    """

    def __init__(self, clock: IReactorTime, slaves: Slaves, late: Callable[[], None]) -> None:
        self._clock = clock
        self._slaves = slaves
        self._late = late
        self._delays: dict[int, float] = {}
        self._asked: dict[int, float] = {}
        self._pending: set[int] = set()
        self._awaited: set[int] = set()
        self._answers: dict[int, Answer] = {}
        self._gathering: Deferred[None] | None = None
        self._quiet: IDelayedCall | None = None
        self._called = self._hurried = False

    def begin(self) -> frozenset[int]:
        """Begin a turn; return the builders that call for it: they are due, or have answered already."""
        now = self._clock.seconds()
        asked = self._asked
        due = {builder_id for builder_id, delay in self._delays.items() if asked.get(builder_id, NEVER) + delay <= now}
        self._hurried = bool(self._answers)
        self._called = False
        self._awaited.clear()
        return frozenset(due - self._pending | self._answers.keys())

    def plan(self, builder: BuilderFacts, delay: float | None) -> None:
        """Let the builder be due ``delay`` seconds after it was asked last; with None, not at all."""
        if delay is None:
            self._delays.pop(builder.id, None)
        else:
            self._delays[builder.id] = delay

    def keep(self, builder_ids: Collection[int]) -> None:
        """Forget all others: they were removed."""
        for memory in (self._delays, self._asked, self._answers):
            for builder_id in memory.keys() - builder_ids:
                del memory[builder_id]

    def due(self, builder: BuilderFacts) -> bool:
        """Tell whether the builder is to be asked."""
        if builder.id not in self._delays or builder.id in self._pending or builder.id in self._answers:
            return False
        return self._asked.get(builder.id, NEVER) + self._delays[builder.id] <= self._clock.seconds()

    def ask(self, builder: BuilderFacts) -> None:
        """Ask the builder's slave."""
        self._asked[builder.id] = self._clock.seconds()
        self._pending.add(builder.id)
        self._awaited.add(builder.id)
        answered = ensureDeferred(self._answer(builder))
        answered.addBoth(self._answered, builder.id)
        answered.addErrback(_broke, builder)

    def gather(self) -> Deferred[None]:
        """Fire when the turn has waited long enough for those it asked; at once if it has answers to act on."""
        if self._hurried or not self._awaited:
            self._awaited.clear()
            return succeed(None)
        self._gathering = done = Deferred[None]()
        self._quiet = self._clock.callLater(QUIET, self._enough)
        longest = self._clock.callLater(LONGEST, self._enough)
        return done.addBoth(lambda _: self._forget(longest))

    def take(self, builder: BuilderFacts) -> Answer | None:
        """Return the slave's answer, once; None where there is none that still matters."""
        answer = self._answers.pop(builder.id, None)
        return answer if answer is not None and answer.belief == Belief.of(builder) else None

    async def _answer(self, builder: BuilderFacts) -> Answer:
        slave = self._slaves.of(builder)
        word = await slave.status()
        wanted = isinstance(word, SlaveStatus) and builder.job is None and _must_introduce_itself(builder)
        return Answer(Belief.of(builder), word, await slave.info() if wanted else None)

    def _answered(self, answer: Answer | Failure, builder_id: int) -> Answer | Failure:
        self._pending.discard(builder_id)
        if isinstance(answer, Answer):
            self._answers[builder_id] = answer
        if builder_id in self._awaited:
            self._awaited.discard(builder_id)
            self._go_on_gathering()
        elif not self._called:
            self._called = True
            self._late()
        return answer

    def _go_on_gathering(self) -> None:
        if not self._awaited:
            self._enough()
        elif self._gathering is not None and self._quiet is not None:
            self._quiet.reset(QUIET)

    def _enough(self) -> None:
        gathering, self._gathering = self._gathering, None
        if gathering is not None:
            gathering.callback(None)

    def _forget(self, longest: IDelayedCall) -> None:
        for call in (longest, self._quiet):
            if call is not None and call.active():
                call.cancel()
        self._quiet = self._gathering = None
        self._awaited.clear()


def _broke(failure: Failure, builder: BuilderFacts) -> None:
    log.failure("asking {name} broke", failure, name=builder.name)


def _must_introduce_itself(builder: BuilderFacts) -> bool:
    return not builder.builderok or builder.clean_status is not CleanStatus.CLEAN or not builder.kinds
