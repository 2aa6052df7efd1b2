"""What workers need of the reactor."""

from collections.abc import Callable
from typing import ParamSpec, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorProcess, IReactorTCP, IReactorThreads, IReactorTime

P = ParamSpec("P")
T = TypeVar("T")


class IReactor(IReactorTime, IReactorProcess, IReactorThreads, IReactorTCP):
    """What keeps time, starts programs, has threads, and speaks with others."""


class InThread(Protocol):
    """Runs what blocks in a thread."""

    def __call__(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> Deferred[T]:
        """Return what the work returns, once it has."""
