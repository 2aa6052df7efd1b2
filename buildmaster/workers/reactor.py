"""What workers need of the reactor."""

from collections.abc import Callable
from typing import ParamSpec, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorCore, IReactorProcess, IReactorTCP, IReactorThreads, IReactorTime

P = ParamSpec("P")
T = TypeVar("T")


class IReactor(IReactorCore, IReactorTime, IReactorProcess, IReactorThreads, IReactorTCP):
    """What keeps time, starts programs, has threads, speaks with others, and can be stopped."""


class InThread(Protocol):
    """Runs what blocks in a thread."""

    def __call__(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> Deferred[T]:
        """Return what the work returns, once it has."""
