"""What waits for the database's writer: works of their own, and deeds that are done with many items at once."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy.orm import Session
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

T = TypeVar("T")
Item = TypeVar("Item")
Deed = Callable[[Session, Sequence[Item]], Sequence[T]]  # it returns a result for each item, in their order
Work = tuple[Callable[..., Any], tuple[Any, ...]]  # Any: whatever the work takes and gives
JOINED = 200  # items that a deed is done with at once at the most


class Asked:
    """A work that waits for the writer, and who is told of its result."""

    def __init__(self, work: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.work: Work = work, args
        self.done: Deferred[Any] = Deferred()

    def end(self, result: Any, _again: Callable[..., Deferred[Any]]) -> None:  # Any: what the work returned
        """Tell the result; a Failure is an errback."""
        self.done.callback(result)


class Group:
    """A deed that waits for the writer, with all items that have come for it."""

    def __init__(self, deed: Deed[Any, Any]) -> None:
        self._deed = deed
        self._items: list[Any] = []
        self._dones: list[Deferred[Any]] = []

    @property
    def work(self) -> Work:
        """The deed as one work."""
        return self._deed, (self._items,)

    @property
    def full(self) -> bool:
        """Tell whether the next item is another group's."""
        return len(self._items) >= JOINED

    def add(self, item: Any) -> Deferred[Any]:  # Any: what the deed is done with, and what it returns for that
        """Add an item; return what fires with the result for it."""
        self._items.append(item)
        self._dones.append(Deferred())
        return self._dones[-1]

    def end(self, results: Any, again: Callable[..., Deferred[Any]]) -> None:
        """Tell each its result; where the deed failed, do it again with each item alone: one may spoil it for all."""
        if not isinstance(results, Failure):
            for done, result in zip(self._dones, results, strict=True):
                done.callback(result)
        elif len(self._items) == 1:
            self._dones[0].callback(results)
        else:
            for item, done in zip(self._items, self._dones, strict=True):
                again(alone, self._deed, item).chainDeferred(done)


def alone(session: Session, deed: Deed[Item, T], item: Item) -> T:
    """Do the deed with one item."""
    return deed(session, (item,))[0]
