"""Do what is much without holding up the reactor, and what is many things at the same time."""

from collections.abc import AsyncIterator, Iterable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

T = TypeVar("T")
AT_ONCE = 0.005  # seconds


async def unhurried(clock: IReactorTime, items: Iterable[T]) -> AsyncIterator[T]:
    """Yield the items; let others have the reactor whenever a few milliseconds went into them in one go."""
    begun = clock.seconds()
    for item in items:
        yield item
        if clock.seconds() - begun > AT_ONCE:
            await deferLater(clock, 0.0)
            begun = clock.seconds()


async def all_of(*things: Deferred[Any]) -> list[Any]:  # Any: whatever they fire with
    """Wait for all, and return what they fired with; if one has failed, raise its error then."""
    ended = await DeferredList(things, consumeErrors=True)
    for good, failure in ended:
        if not good:
            failure.raiseException()
    return [result for _, result in ended]
