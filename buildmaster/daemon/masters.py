"""Decide which of several masters on one PostgreSQL takes the turns: who has the advisory lock.

The lock belongs to a connection of its own, and is kept for as long as that lives: transfers and errands that outlive a
turn stay with the master that began them. A master that dies, or loses the database, loses the lock, and another has it
within a second. SQLite means exactly one master, which is always elected.
"""

from collections.abc import Callable
from threading import Lock
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger

KEY = 0x62756966  # of the advisory lock: any number that others don't use


class Election:
    """The lock, asked for from threads. ``elected`` is what was last known; ``alone`` says that there is no other."""

    log = Logger()

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.alone = engine.dialect.name != "postgresql"
        self._connection: Connection | None = None
        self._asking = Lock()
        self.elected = self.alone

    def ask(self) -> bool:
        """Return whether this master takes the turns. Blocks for a question to the database."""
        if self.alone:
            return True
        with self._asking:
            elected = self._still_has_it() or self._takes_it()
        if elected != self.elected:
            self.log.info("{who} takes the turns", who="this master" if elected else "another master")
        self.elected = elected
        return elected

    def resign(self) -> None:
        """Give the lock back, for another master."""
        with self._asking:
            self._hang_up()

    def _still_has_it(self) -> bool:
        if self._connection is None:
            return False
        try:
            self._connection.execute(text("SELECT 1"))
        except DBAPIError:
            self._hang_up()
        return self._connection is not None

    def _takes_it(self) -> bool:
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()
        if connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": KEY}).scalar_one():
            self._connection = connection
            return True
        connection.close()
        return False

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class Task(Protocol):
    """What an elected master does."""

    name: str

    def run(self) -> Any:  # Any: whatever the task returns
        """Do it."""


class Elected:
    """A task that does nothing while another master takes the turns. ``ask`` fires with whether this one does."""

    def __init__(self, task: Task, ask: Callable[[], Deferred[bool]]) -> None:
        self.name = task.name
        self._task = task
        self._ask = ask

    async def run(self) -> None:
        """Ask, and do it."""
        if await self._ask():
            await maybeDeferred(self._task.run)
