"""Hear of jobs that have work from wherever the PostgreSQL database is reached, by its NOTIFY."""

from collections.abc import Callable
from typing import Any  # Any: what a thread's work returns

from psycopg2 import Error as DriverError
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall, IReactorFDSet, IReactorTime, IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from buildmaster.daemon.waking import CHANNEL
from buildmaster.work.batches import InThread

PAUSE = 5.0  # seconds until a lost connection is tried again


class IReactor(IReactorFDSet, IReactorTime):
    """What waits for connections, and keeps time."""


def listen(engine: Engine) -> Any:  # Any: a connection of the driver's
    """Return a connection of its own that hears notifications. Blocks."""
    words, names = engine.dialect.create_connect_args(engine.url)
    connection: Any = engine.dialect.connect(*words, **names)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"LISTEN {CHANNEL}")
    return connection


@implementer(IReadDescriptor)
class NotificationListener(Service):
    """Listens while it runs, and again after the connection was lost. ``in_thread`` runs work that blocks."""

    log = Logger()

    def __init__(
        self,
        reactor: IReactor,
        engine: Engine,
        in_thread: InThread,
        nudge: Callable[[str], None],
    ) -> None:
        self._reactor = reactor
        self._engine = engine
        self._in_thread = in_thread
        self._nudge = nudge
        self._connection: Any = None  # Any: the driver's
        self._call: IDelayedCall | None = None

    def startService(self) -> None:
        """Connect."""
        super().startService()
        self._connect()

    def stopService(self) -> None:
        """Hang up."""
        super().stopService()
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._hang_up()

    def _connect(self) -> None:
        self._in_thread(listen, self._engine).addCallbacks(self._connected, self._lost)

    def _connected(self, connection: Any) -> None:  # Any: the driver's
        self._connection = connection
        if self.running:
            self._reactor.addReader(self)
        else:
            self._hang_up()

    def _lost(self, failure: Failure) -> None:
        failure.trap(DBAPIError, DriverError)
        self._hang_up()
        self.log.warn("notifications are not heard: {reason}", reason=failure.getErrorMessage())
        if self.running:
            self._call = self._reactor.callLater(PAUSE, self._connect)

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._reactor.removeReader(self)
            connection.close()

    def fileno(self) -> int:
        """Return what the reactor waits for."""
        return -1 if self._connection is None else int(self._connection.fileno())

    def doRead(self) -> None:
        """Nudge each job that is named."""
        try:
            self._connection.poll()
        except DriverError:
            self._lost(Failure())
            return
        while self._connection.notifies:
            for name in self._connection.notifies.pop(0).payload.split():
                self._nudge(name)

    def connectionLost(self, reason: Failure) -> None:
        """Hang up, as the reactor does."""
        self._hang_up()

    def logPrefix(self) -> str:
        """Return the name that the reactor logs errors under."""
        return type(self).__name__
