"""Do the work of a task here and now, as commands do: their database and their threads are inline."""

from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred, execute
from twisted.python.failure import Failure

from buildmaster.cli.farm import Farm
from buildmaster.model.notices.builds import NoNotices
from buildmaster.work.database import InlineDatabase
from buildmaster.work.taskcontext import TaskContext

P = ParamSpec("P")
T = TypeVar("T")


def task_context(farm: Farm, nudge: Callable[[str], None]) -> TaskContext:
    """Return what tasks need that run in a command, whose user is told at once: there are no notices."""
    return TaskContext(InlineDatabase(farm.transactions), farm.librarian, at_once, farm.now, nudge, NoNotices())


def at_once(work: Callable[P, T], *args: P.args, **named: P.kwargs) -> Deferred[T]:
    """Do what tasks do in a thread here and now."""
    return execute(work, *args, **named)


def result_of(work: Coroutine[Any, Any, T]) -> T:  # Any: what goes in and out of a coroutine on its way
    """Return what the coroutine returns, or raise what it raises; nothing in a command makes it wait."""
    ends: list[Any] = []
    Deferred.fromCoroutine(work).addBoth(ends.append)
    if isinstance(ends[0], Failure):
        ends[0].raiseException()
    result: T = ends[0]
    return result
