"""Do what is much without holding up the reactor."""

from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

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
