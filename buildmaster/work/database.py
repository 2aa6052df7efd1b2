"""Run a function in a transaction, off the reactor; retry what may be retried.

SQLite writes begin with BEGIN IMMEDIATE: a deferred transaction that reads first and then writes fails at once when
another process wrote in between, whatever the busy timeout says.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from twisted.internet.defer import Deferred, execute
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

from buildmaster.work.batches import Batch, SingleWork, Work

T = TypeVar("T")
Item = TypeVar("Item")
Deed = Callable[[Session, Sequence[Item]], Sequence[T]]  # it returns a result for each item, in their order
IN_A_COMMIT = 16  # works that share a transaction at the most
IN_A_BATCH = 200  # items that a deed is done with at once at the most
BUSY_TIMEOUT = 30.0  # seconds that a writer waits for a locked SQLite file
TRIES = 5
CACHE = 4000  # KiB of SQLite's pages that a connection keeps: what a turn with some hundred builders changes fits in
FIRST_PAUSE = 0.05  # seconds before the second try; twice as long each time
PASSING_STATES = frozenset({"40001", "40P01"})  # PostgreSQL: serialization failure, deadlock
READING = {"buildmaster_reading": True}


def make_engine(url: str) -> Engine:
    """Return an engine for ``url``: SQLite in WAL with a busy timeout, or PostgreSQL through psycopg2."""
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, executemany_mode="values_plus_batch")
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def sqlite_file(url: str | URL) -> Path | None:
    """Return the file of a SQLite database; None for another kind."""
    parts = make_url(url)
    return Path(parts.database or "") if parts.get_backend_name() == "sqlite" else None


def _prepare_sqlite(connection: Any, _record: object) -> None:  # Any: the driver's own connection
    """Take transactions into our own hands, and make the file safe against a crash at any moment."""
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "foreign_keys = ON", "synchronous = FULL", f"cache_size = -{CACHE}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("buildmaster_reading")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def passing(error: DBAPIError) -> bool:
    """Tell whether the failed transaction may succeed when it is run again."""
    return (
        error.connection_invalidated
        or getattr(error.orig, "pgcode", None) in PASSING_STATES
        or "database is locked" in str(error.orig)
    )


class Transactions:
    """Runs work in transactions, in the calling thread: for commands, for tests, and inside Database's threads."""

    def __init__(self, engine: Engine, pause: Callable[[float], None] = time.sleep) -> None:
        self.engine = engine
        self._reader = engine.execution_options(**READING)
        self._pause = pause

    def write(self, work: Callable[..., T], *args: Any) -> T:
        """Return ``work(session, *args)``, committed. It may be run more than once, so it must have no other effect."""
        return self._persist(self.engine, work, args)

    def read(self, work: Callable[..., T], *args: Any) -> T:
        """Return ``work(session, *args)``, of which nothing is kept."""
        return self._persist(self._reader, work, args)

    def write_all(self, works: Sequence[Work]) -> list[Any]:  # Any: what the works return, or Failures
        """Return what each work returns, or its Failure; they share a transaction, unless one of them fails."""
        if len(works) > 1:
            with suppress(Exception):  # whosever error it is: alone each says its own
                return self._persist(self.engine, _each, (works,))
        return [self._alone(work, args) for work, args in works]

    def _alone(self, work: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        try:
            return self.write(work, *args)
        except Exception:  # noqa: BLE001  (it goes to the Deferred of who asked)
            return Failure()

    def _persist(self, engine: Engine, work: Callable[..., T], args: tuple[Any, ...]) -> T:
        for attempt in range(1, TRIES + 1):
            try:
                return _once(engine, work, args)
            except DBAPIError as error:
                if attempt == TRIES or not passing(error):
                    raise
                self._pause(FIRST_PAUSE * 2 ** (attempt - 1))
        raise AssertionError("the last try returns or raises")


def _once(engine: Engine, work: Callable[..., T], args: tuple[Any, ...]) -> T:
    with Session(engine, expire_on_commit=False) as session, session.begin():
        return work(session, *args)


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
        ended = deferToThreadPool(self._reactor, self._writer, self._transactions.write_all, works)
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
