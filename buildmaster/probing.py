"""The questions to slaves that are under way, and the answers that no turn has taken yet."""

from collections.abc import Callable
from dataclasses import dataclass

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from buildmaster.farm.facts import BuilderFacts, Silence, SlaveInfo, SlaveStatus, Word
from buildmaster.farm.states import CleanStatus
from buildmaster.slave import Slaves

log = Logger()
QUIET = 0.1  # seconds without any answer that end a turn
LONGEST = 2.0  # seconds that a turn waits for answers at the most


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
    """The questions under way, and the answers that no turn has taken yet."""

    def __init__(self, clock: IReactorTime, slaves: Slaves, late: Callable[[], None]) -> None:
        self._clock = clock
        self._slaves = slaves
        self._late = late
        self._pending: set[int] = set()
        self._asked: dict[int, float] = {}
        self._answers: dict[int, Answer] = {}
        self._waiting: Deferred[None] | None = None
        self._quiet: IDelayedCall | None = None

    def due(self, builder: BuilderFacts, delay: float | None) -> bool:
        """Tell whether the builder is to be asked, ``delay`` seconds after it was asked last."""
        if delay is None or builder.id in self._pending or builder.id in self._answers:
            return False
        asked = self._asked.get(builder.id)
        return asked is None or self._clock.seconds() - asked >= delay

    def ask(self, builder: BuilderFacts) -> None:
        """Ask the builder's slave."""
        self._asked[builder.id] = self._clock.seconds()
        self._pending.add(builder.id)
        answered = ensureDeferred(self._answer(builder))
        answered.addBoth(self._answered, builder.id)
        answered.addErrback(_broke, builder)

    def gather(self) -> Deferred[None]:
        """Fire when the turn has waited long enough."""
        done: Deferred[None] = Deferred()
        if not self._pending:
            done.callback(None)
            return done
        self._waiting = done
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
        if self._waiting is None:
            self._late()
        elif not self._pending:
            self._enough()
        elif self._quiet is not None:
            self._quiet.reset(QUIET)
        return answer

    def _enough(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.callback(None)

    def _forget(self, longest: IDelayedCall) -> None:
        for call in (longest, self._quiet):
            if call is not None and call.active():
                call.cancel()
        self._quiet = self._waiting = None


def _broke(failure: Failure, builder: BuilderFacts) -> None:
    log.failure("asking {name} broke", failure, name=builder.name)


def _must_introduce_itself(builder: BuilderFacts) -> bool:
    return not builder.builderok or builder.clean_status is not CleanStatus.CLEAN or not builder.kinds
