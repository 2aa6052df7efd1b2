"""Batch up work: call a function once, with all the items that have come for it while others were done."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

T = TypeVar("T")
Work = tuple[Callable[..., Any], tuple[Any, ...]]  # Any: whatever the work takes and gives


class InThread(Protocol):
    """Runs what blocks in a thread, off the reactor."""

    def __call__(self, work: Callable[..., T], *args: Any) -> Deferred[T]:  # Any: whatever the work takes
        """Run ``work(*args)``; fire with what it returned."""


class SingleWork:
    """A work that waits, and who is told of its result."""

    def __init__(self, work: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.work: Work = work, args
        self.done: Deferred[Any] = Deferred()

    def end(self, result: Any, _alone: Callable[..., Deferred[Any]]) -> None:  # Any: what the work returned
        """Tell the result; a Failure is an errback."""
        self.done.callback(result)


class Batch:
    """A deed that waits, with all items that have come for it. It returns a result for each, in their order."""

    def __init__(self, deed: Callable[..., Sequence[Any]], most: int) -> None:
        self._deed = deed
        self._most = most
        self._items: list[Any] = []
        self._dones: list[Deferred[Any]] = []

    @property
    def work(self) -> Work:
        """The deed as one work."""
        return self._deed, (self._items,)

    @property
    def full(self) -> bool:
        """Tell whether the next item goes into another batch."""
        return len(self._items) >= self._most

    def add(self, item: Any) -> Deferred[Any]:  # Any: what the deed is done with, and what it returns for that
        """Add an item; return what fires with the result for it."""
        self._items.append(item)
        self._dones.append(Deferred())
        return self._dones[-1]

    def end(self, results: Any, alone: Callable[..., Deferred[Any]]) -> None:  # Any: the results, or a Failure
        """Tell each its result, a Failure as an errback.

        Where the deed failed, each item is tried ``alone(deed, item)``: one may spoil it for all.
        """
        if not isinstance(results, Failure):
            for done, result in zip(self._dones, results, strict=True):
                done.callback(result)
        elif len(self._items) == 1:
            self._dones[0].callback(results)
        else:
            for item, done in zip(self._items, self._dones, strict=True):
                alone(self._deed, item).chainDeferred(done)


class BatchingQueue:
    """A queue that batches up work: ``deed(items)`` is called in a thread, with at most ``most`` items at a time.

    One call is under way at a time; what comes meanwhile goes together into the next. The deed returns a result for
    each item, in their order. Where it raises, it is called again with each item alone, and who added an item that
    fails so gets the error. Many small pieces of work in as many threads take longer, and more CPU, than the same work
    in one.
    """

    def __init__(self, in_thread: InThread, deed: Callable[[Sequence[Any]], Sequence[Any]], most: int) -> None:
        self._in_thread = in_thread
        self._deed = deed
        self._most = most
        self._waiting: deque[Batch] = deque()
        self._busy = False

    def add(self, item: Any) -> Deferred[Any]:  # Any: what the deed takes and gives
        """Add an item to the next call of the deed; fire with what that returned for it."""
        if not self._waiting or self._waiting[-1].full:
            self._waiting.append(Batch(self._deed, self._most))
        done = self._waiting[-1].add(item)
        if not self._busy:
            self._begin()
        return done

    def _begin(self) -> None:
        self._busy = True
        batch = self._waiting.popleft()
        deed, args = batch.work
        self._in_thread(deed, *args).addBoth(self._ended, batch)

    def _ended(self, results: Any, batch: Batch) -> None:  # Any: as Batch.end takes them
        self._busy = False
        if self._waiting:
            self._begin()
        batch.end(results, self._alone)

    def _alone(self, deed: Callable[..., Sequence[Any]], item: Any) -> Deferred[Any]:  # Any: as above
        return self._in_thread(deed, (item,)).addCallback(lambda results: results[0])
