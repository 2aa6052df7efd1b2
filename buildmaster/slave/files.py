"""Write a file to disk and hash it while it comes from a slave, in threads, a piece after the other."""

from collections.abc import Callable
from typing import ParamSpec, Protocol, TypeVar

from twisted.internet.defer import Deferred, DeferredLock, succeed
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure

from buildmaster.farm.builders.replies import Silence
from buildmaster.farm.vocabulary.contents import Content
from buildmaster.slave.connection import Exchange, IReactor

PIECE = 1_048_576  # bytes that are written at once; the slave waits meanwhile
SLOWEST = 16_384  # bytes a second: whatever keeps coming slower than this is given up in the end
Kept = Content | bytes | Silence
P = ParamSpec("P")
T = TypeVar("T")


class Sink(Protocol):
    """What takes the bytes of a file, from one thread at a time."""

    def add(self, piece: bytes) -> None:
        """Take some more."""

    def finish(self, piece: bytes) -> Content:
        """Take the rest, and return what is kept of it, flushed to the disk."""

    def discard(self) -> None:
        """Leave nothing behind."""


class Download:
    """A file that comes over an exchange, and is held up by its disk.

    It may take as long as something comes, until ``patience`` seconds, and those of a slow line for ``limit`` bytes,
    are over. If it has less than ``hold`` bytes, and less than a piece, it does not come to the disk at all.
    """

    exchange: Exchange

    def __init__(self, reactor: IReactor, into: Sink, limit: int, patience: float, hold: int = 0) -> None:
        self._reactor = reactor
        self._file = into
        self._hold = hold
        self._over = reactor.seconds() + patience + limit / SLOWEST
        self._piece = bytearray()
        self._began = False
        self._thread = DeferredLock()
        self._fault: Failure | None = None  # the disk's

    def write(self, data: bytes) -> None:
        """Take what came."""
        self._piece += data
        if self._reactor.seconds() < self._over:
            self.exchange.extend()
        if len(self._piece) >= PIECE:
            self._began = True
            self.exchange.pause()
            self._in_thread(self._file.add, self._taken()).addErrback(self._broke).addBoth(self._go_on)

    def finish(self, silence: Silence | None) -> Deferred[Kept]:
        """Return what is in the file when all of it is on disk, or its bytes, which then are not.

        Nothing of it stays where there was a Silence, or where the disk did not take it: this fails with its OSError.
        """
        trouble = self._fault or silence
        if trouble:
            return self._discard(trouble)
        if not self._began and len(self._piece) < self._hold:
            return succeed(self._taken())
        return self._in_thread(self._file.finish, self._taken()).addCallbacks(self._checked, self._spoiled)

    def _checked(self, content: Content) -> Kept | Deferred[Kept]:
        return self._discard(self._fault) if self._fault else content

    def _spoiled(self, failure: Failure) -> Deferred[Kept]:
        self._broke(failure)
        return self._discard(failure)

    def _discard(self, trouble: Silence | Failure) -> Deferred[Kept]:
        return self._in_thread(self._file.discard).addErrback(self._broke).addCallback(lambda _: trouble)

    def _broke(self, failure: Failure) -> None:
        failure.trap(OSError)
        self._fault = failure

    def _go_on(self, _: object) -> None:
        if self._fault:
            self.exchange.give_up("the disk does not take it")
        else:
            self.exchange.resume()

    def _taken(self) -> bytes:
        piece, self._piece = bytes(self._piece), bytearray()
        return piece

    def _in_thread(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> Deferred[T]:
        pool = self._reactor.getThreadPool()
        return self._thread.run(lambda: deferToThreadPool(self._reactor, pool, work, *args, **named))
