"""Run a function in a transaction off the reactor, beside others that were asked for meanwhile."""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from sqlalchemy.orm import Session
from twisted.internet.defer import Deferred, execute
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

from buildmaster.work.batches import Batch, SingleWork, Work
from buildmaster.work.transactions import Transactions

T = TypeVar("T")
Item = TypeVar("Item")
Deed = Callable[[Session, Sequence[Item]], Sequence[T]]  # it returns a result for each item, in their order
IN_A_COMMIT = 16  # works that share a transaction at the most
IN_A_BATCH = 200  # items that a deed is done with at once at the most


def write_all(transactions: Transactions, works: Sequence[Work]) -> list[Any]:  # Any: what they return, or Failures
    """Return what each work returns, or its Failure; they share a transaction, unless one of them fails."""
    if len(works) > 1:
        with suppress(Exception):  # whosever error it is: alone each says its own
            return transactions.write(_each, works)
    return [_result(transactions, work, args) for work, args in works]


def _result(transactions: Transactions, work: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    try:
        return transactions.write(work, *args)
    except Exception:  # noqa: BLE001  (it goes to the Deferred of who asked)
        return Failure()


def _each(session: Session, works: Sequence[Work]) -> list[Any]:
    """Do the works in one transaction: each has written what it did, and none sees another's mapped objects."""
    results = []
    for work, args in works:
        results.append(work(session, *args))
        session.flush()
        session.expunge_all()
    return results


def _alone(session: Session, deed: Deed[Item, T], item: Item) -> T:
    """Do the deed with one item."""
    return deed(session, (item,))[0]


class Database:
    """Runs work in transactions off the reactor: writes in the order asked, on one thread; reads on others.

    Writes that come while another is under way are then done together, in one transaction: a commit is what costs most.
    Next to it come statements, so what many do at the same time is ``joined``: one deed, done with all their items.
    """

    def __init__(self, reactor: Any, transactions: Transactions) -> None:  # Any: IReactorThreads and IReactorTime
        self._reactor = reactor
        self._transactions = transactions
        self._writer = ThreadPool(0, 1, "database-writer")
        self._readers = ThreadPool(0, 2, "database-reader")
        self._asked: deque[SingleWork | Batch] = deque()
        self._batches: dict[Deed[Any, Any], Batch] = {}
        self._call: IDelayedCall | None = None
        self._writing = False

    def start(self) -> None:
        """Start the threads."""
        self._writer.start()
        self._readers.start()

    def stop(self) -> None:
        """Wait for the work under way, and end the threads."""
        while self._asked:
            self._write()
        self._writer.stop()
        self._readers.stop()
        self._transactions.engine.dispose()

    def run(self, work: Callable[..., T], *args: Any) -> Deferred[T]:
        """Run ``work(session, *args)`` in a transaction that is then committed; fire with what it returned."""
        asked = SingleWork(work, args)
        self._asked.append(asked)
        self._write_soon(0.0)
        return asked.done

    def join(self, deed: Deed[Item, T], item: Item, patience: float = 0.0) -> Deferred[T]:
        """Do ``deed(session, items)`` with all items that wait for it; fire with what it returned for this one.

        The deed returns a result for each item, in their order. Where it fails, it is done with each alone. It waits up
        to ``patience`` seconds for a transaction that somebody else wants, before there is one for its sake.
        """
        batch = self._batches.get(deed)
        if batch is None or batch.full:
            self._batches[deed] = batch = Batch(deed, IN_A_BATCH)
            self._asked.append(batch)
        self._write_soon(patience)
        return batch.add(item)

    def _write_soon(self, patience: float) -> None:
        """Begin a transaction, in a moment at the soonest: all that is asked for in this one goes together."""
        if self._writing:
            return
        if self._call is None:
            self._call = self._reactor.callLater(patience, self._write)
        elif self._call.getTime() > self._reactor.seconds() + patience:
            self._call.reset(patience)

    def _write(self) -> None:
        """Begin with the works that were asked for first; none is left where the service has stopped meanwhile."""
        call, self._call = self._call, None
        if call is not None and call.active():
            call.cancel()
        if not self._asked:
            return
        self._writing = True
        some = [self._asked.popleft() for _ in range(min(IN_A_COMMIT, len(self._asked)))]
        self._batches = {deed: batch for deed, batch in self._batches.items() if batch not in some}
        works = [asked.work for asked in some]
        ended = deferToThreadPool(self._reactor, self._writer, write_all, self._transactions, works)
        ended.addCallback(self._written, some)

    def _written(self, results: Sequence[Any], asked: Sequence[SingleWork | Batch]) -> None:
        self._writing = False
        if self._asked:
            self._write()
        for one, result in zip(asked, results, strict=True):
            one.end(result, self._alone)

    def _alone(self, deed: Deed[Item, T], item: Item) -> Deferred[T]:
        return self.run(_alone, deed, item)

    def read(self, work: Callable[..., T], *args: Any) -> Deferred[T]:
        """Like ``run``, for work that only reads: it waits for no writer."""
        return deferToThreadPool(self._reactor, self._readers, self._transactions.read, work, *args)


class InlineDatabase:
    """A Database whose work is done before the call returns: for tests and commands."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def run(self, work: Callable[..., T], *args: Any) -> Deferred[T]:
        """Run ``work(session, *args)`` now, and commit."""
        return execute(self._transactions.write, work, *args)

    def join(self, deed: Deed[Item, T], item: Item, patience: float = 0.0) -> Deferred[T]:
        """Do the deed with this item now, and commit."""
        return execute(self._transactions.write, _alone, deed, item)

    def read(self, work: Callable[..., T], *args: Any) -> Deferred[T]:
        """Run ``work(session, *args)`` now, for reading only."""
        return execute(self._transactions.read, work, *args)
