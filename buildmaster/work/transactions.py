"""Run a function in a transaction, in the calling thread; retry what may be retried.

SQLite writes begin with BEGIN IMMEDIATE: a deferred transaction that reads first and then writes fails at once when
another process wrote in between, whatever the busy timeout says.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

T = TypeVar("T")
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
    """Runs work in transactions, in the calling thread: for commands, for tests, and inside the daemon's threads."""

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
