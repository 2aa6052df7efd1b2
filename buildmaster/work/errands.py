"""Slow work, for a builder or a source, that outlives a turn: one errand for each, a bounded number at once."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import TypeVar

from twisted.internet.defer import Deferred, DeferredSemaphore, ensureDeferred, gatherResults
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from buildmaster.files.disk import NotWrittenError

T = TypeVar("T")
log = Logger()
REST = 30.0  # seconds that a builder is left alone after an errand that broke
BROKE = "an errand for {kind} {builder} broke; it is left alone for {rest:.0f} s"
BROKE_OF_DISK = BROKE + ": {error}"


class Errands:
    """The errands under way. A builder on one is left alone by scanner and dispatcher.

    ``kind`` says what the ids are of that they are for. ``concurrent`` bounds the errands of each purpose alone: builds
    are begun while the results of others are fetched.
    """

    def __init__(self, clock: IReactorTime, concurrent: int, kind: str = "builder") -> None:
        self._clock = clock
        self._kind = kind
        self._turnstiles: dict[str, DeferredSemaphore] = defaultdict(lambda: DeferredSemaphore(concurrent))
        self._running: dict[int, Deferred[None]] = {}
        self._resting: dict[int, float] = {}
        self._settling: set[int] = set()
        self._returned: set[int] | None = None
        self._stopped = False

    def room(self, purpose: str = "") -> int:
        """Return how many more errands of a purpose can begin without waiting."""
        return self._turnstiles[purpose].tokens

    def away(self) -> frozenset[int]:
        """Return the builders to be left alone: on an errand, or resting from one that broke."""
        now = self._clock.seconds()
        self._resting = {builder_id: until for builder_id, until in self._resting.items() if until > now}
        return frozenset(self._running) | frozenset(self._resting)

    def settle(self, builder_id: int, written: Deferred[T]) -> Deferred[T]:
        """Tell that the builder's rows say what was until ``written`` has fired; its errand need not wait for that."""
        self._settling.add(builder_id)
        return written.addBoth(self._settled, builder_id)

    def settling(self) -> frozenset[int]:
        """Return the builders whose rows can't be trusted now, though they may have no errand."""
        return frozenset(self._settling)

    def returned(self) -> frozenset[int]:
        """Return the builders whose errands have ended, or settled, since this was asked: what is known is old."""
        returned, self._returned = self._returned, set()
        return frozenset(returned or ())

    def begin(self, builder_id: int, errand: Callable[[], Awaitable[None]], purpose: str = "") -> None:
        """Run the errand, as soon as there is room for its purpose, unless its builder is on one already."""
        if builder_id in self._running:
            return
        ended = self._turnstiles[purpose].run(lambda: ensureDeferred(self._unless_stopped(errand)))
        self._running[builder_id] = ended
        ended.addErrback(self._broke, builder_id).addBoth(self._ended, builder_id)

    def stop(self, limit: float) -> Deferred[None]:
        """Wait for the errands under way, at most ``limit`` seconds, and begin no more.

        The next start of the daemon goes on with the rest.
        """
        self._stopped = True
        everything = gatherResults([errand.addErrback(lambda _: None) for errand in self._running.values()])
        everything.addTimeout(limit, self._clock, lambda _, __: None)
        return everything.addCallback(lambda _: None)

    async def _unless_stopped(self, errand: Callable[[], Awaitable[None]]) -> None:
        if not self._stopped:
            await errand()

    def _broke(self, failure: Failure, builder_id: int) -> None:
        self._resting[builder_id] = self._clock.seconds() + REST
        if failure.check(NotWrittenError):
            log.error(BROKE_OF_DISK, error=failure.value, kind=self._kind, builder=builder_id, rest=REST)
        else:
            log.failure(BROKE, failure, kind=self._kind, builder=builder_id, rest=REST)

    def _ended(self, _: object, builder_id: int) -> None:
        self._running.pop(builder_id, None)
        self._note_return(builder_id)

    def _settled(self, result: T, builder_id: int) -> T:
        self._settling.discard(builder_id)
        self._note_return(builder_id)
        return result

    def _note_return(self, builder_id: int) -> None:
        if self._returned is not None:  # nobody asks for the sources whose files have come
            self._returned.add(builder_id)
