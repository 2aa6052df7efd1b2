"""Run a coroutine to its end at once, as commands do: their database and their threads are inline."""

from collections.abc import Coroutine
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

T = TypeVar("T")


def result_of(work: Coroutine[Any, Any, T]) -> T:  # Any: what goes in and out of a coroutine on its way
    """Return what the coroutine returns, or raise what it raises; nothing in a command makes it wait."""
    ends: list[Any] = []
    Deferred.fromCoroutine(work).addBoth(ends.append)
    if isinstance(ends[0], Failure):
        ends[0].raiseException()
    result: T = ends[0]
    return result
