"""See to it that one master takes the turns: a lock beside a SQLite file, or one in PostgreSQL.

The lock belongs to a connection of its own, and is kept for as long as that lives: transfers and errands that outlive a
turn stay with the master that began them. A master that dies, or loses the database, loses the lock, and another has it
within a second. SQLite means exactly one master, which is always elected.
"""

import fcntl
import os
import socket
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger

from buildmaster.errors import BuildmasterError

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


class AnotherMasterError(BuildmasterError):
    """Another master runs on the same SQLite file."""


class Mastership:
    """The right to be the master of the SQLite file at ``path``; the lock is gone with the process, however it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = path.with_name(path.name + ".master")
        self._file: int | None = None

    def take(self) -> None:
        """Become the master; raise AnotherMasterError, with its name, where there is one."""
        file = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(file)
            other = self._lock.read_text().strip() or "one that is just starting"
            raise AnotherMasterError(f"another master runs on {self.path}: {other}") from error
        self._file = file
        self.sign()

    def sign(self) -> None:
        """Write who we are into the lock: again after a fork, when the process is another."""
        if self._file is not None:
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)

    def give_up(self) -> None:
        """Be the master no more."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
