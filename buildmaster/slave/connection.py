"""Keep one connection to a slave, and make one call after another on it.

A slave closes a connection that was idle for a while, and may do so in the very moment of the next call. Such a call is
made again, once, on a new connection, if it may be made twice: ``build()`` never may, since a slave is ruined by one
that it refuses.
"""

import os
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from twisted.internet import error
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import (
    IAddress,
    IConnector,
    IDelayedCall,
    IPushProducer,
    IReactorTCP,
    IReactorThreads,
    IReactorTime,
    ITCPTransport,
)
from twisted.internet.protocol import ClientFactory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import Attribute

from buildmaster.farm.builders.replies import Silence
from buildmaster.farm.text.redacting import one_line
from buildmaster.slave.address import Address
from buildmaster.slave.http import GarbageError, Reply

_ERRNO: Mapping[type[object], int] = {
    error.ConnectionRefusedError: 111,
    error.NoRouteError: 113,
    error.TCPTimedOutError: 110,
}


class IReactor(IReactorTCP, IReactorTime, IReactorThreads):
    """What connects to slaves, keeps time, and has threads for their files."""


class IStream(ITCPTransport, IPushProducer):
    """A TCP connection as Twisted makes it: what comes over it can be held up."""

    connected: bool = Attribute("Whether it can be written to.")


@dataclass(eq=False)
class Exchange:
    """One request and its reply.

    ``timeout`` is in seconds, from when the request's turn comes. ``answered`` fires with None when the reply is whole,
    else with a Silence; it never fails.
    """

    request: bytes
    reply: Reply
    timeout: float
    repeatable: bool
    answered: Deferred[Silence | None] = field(default_factory=Deferred)
    line: "Line | None" = None
    connection: "Connection | None" = None

    def extend(self) -> None:
        """Count the time from now on again: something came."""
        if self.line:
            self.line.allow(self)

    def pause(self) -> None:
        """Let the slave wait with the rest."""
        if self.connection and self.connection.transport:
            self.connection.transport.pauseProducing()

    def give_up(self, reason: str) -> None:
        """End it, unless it has ended: nobody wants the rest."""
        if self.line:
            self.line.end(Silence(reason))

    def resume(self) -> None:
        """Take the rest."""
        if self.connection and self.connection.transport:
            self.connection.transport.resumeProducing()
        self.extend()


class Line:
    """A connection that is made when needed and kept while it can be; calls wait for one another in order.

    One timer is kept for all calls: when it comes it looks whether the call under way is late, or waits for the rest.
    """

    def __init__(self, reactor: IReactor, address: Address) -> None:
        self._reactor = reactor
        self._address = address
        self._waiting: deque[Exchange] = deque()
        self._current: Exchange | None = None
        self._connection: Connection | None = None
        self._closed: Silence | None = None
        self._deadline = 0.0
        self._timer: IDelayedCall | None = None

    def ask(self, exchange: Exchange) -> Deferred[Silence | None]:
        """Make a call when its turn has come."""
        if self._closed:
            return succeed(self._closed)
        self._waiting.append(exchange)
        self._next()
        return exchange.answered

    def close(self, reason: str) -> None:
        """End all calls, those under way and those to come, with a Silence of that reason."""
        self._closed = Silence(reason)
        if self._current:
            self.end(self._closed)
        while self._waiting:
            self._waiting.popleft().answered.callback(self._closed)
        self._drop()
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def allow(self, exchange: Exchange) -> None:
        """Let the call under way take all of its time from now on."""
        self._deadline = self._reactor.seconds() + exchange.timeout
        if self._timer and self._timer.getTime() > self._deadline:
            self._timer.cancel()
            self._timer = None
        if not self._timer:
            self._timer = self._reactor.callLater(exchange.timeout, self._look)

    def _look(self) -> None:
        """End the call under way if it is late."""
        self._timer = None
        left = self._deadline - self._reactor.seconds()
        if not self._current:
            return
        if left > 0:
            self._timer = self._reactor.callLater(left, self._look)
        else:
            self.end(Silence(f"no answer in {self._current.timeout:g} seconds"))

    def _next(self) -> None:
        if self._current or not self._waiting or self._closed:
            return
        self._current = exchange = self._waiting.popleft()
        exchange.line = self
        self.allow(exchange)
        self._say(exchange)

    def _say(self, exchange: Exchange) -> None:
        if self._connection:
            self._connection.say(exchange)
            return
        self._connection = connection = Connection(self, exchange)
        host, port = self._address.host, self._address.port
        connection.connector = self._reactor.connectTCP(
            host,
            port,
            _Dial(connection),
            timeout=None,  # type: ignore[arg-type]  # the interface forgets that there need be none: the line has its own
        )

    def end(self, silence: Silence | None) -> None:
        """End the call under way; its connection is kept if that is in a known state."""
        exchange, self._current = self._current, None
        if not exchange:
            return
        exchange.line = None
        if silence or not exchange.reply.reusable:
            self._drop()
        exchange.answered.callback(silence)
        self._next()

    def lost(self, silence: Silence) -> None:
        """Take the end of the connection."""
        connection, self._connection = self._connection, None
        exchange = self._current
        if not exchange:
            return
        if connection and connection.answers and exchange.repeatable and not exchange.reply.begun:
            self._say(exchange)
        else:
            self.end(silence if not exchange.reply.begun else _broken_off(exchange.reply))

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            connection.drop()


def _broken_off(reply: Reply) -> Silence | None:
    """Return what the end of the connection makes of a reply that has begun."""
    try:
        reply.end()
    except GarbageError as garbage:
        return garbled(garbage)
    return None


def garbled(garbage: GarbageError) -> Silence:
    """Return the Silence that garbage comes to."""
    return Silence(one_line(f"garbage: {garbage}"))


class Connection(Protocol):
    """One TCP connection of a line; ``answers`` counts the replies that came over it."""

    transport: IStream  # None before connectionMade: what may come sooner looks
    connector: IConnector | None = None

    def __init__(self, line: Line, exchange: Exchange) -> None:
        self.answers = 0
        self._line: Line | None = line
        self._exchange: Exchange | None = exchange

    def say(self, exchange: Exchange) -> None:
        """Send a request, over a connection that is there."""
        self._exchange = exchange
        exchange.connection = self
        written = self._written_at_once(exchange.request)
        if written < len(exchange.request):
            self.transport.write(exchange.request[written:])

    def _written_at_once(self, request: bytes) -> int:
        """Write what the socket takes now, and return how much that is: the reactor's help is seldom needed.

        Nothing else waits to be written: calls come one after the other.
        """
        write = getattr(self.transport, "writeSomeData", None)
        written = write(request) if write is not None and self.transport.connected else 0
        return written if isinstance(written, int) else 0  # an error: the reactor will meet it again

    def drop(self) -> None:
        """End the connection, whatever is still on it, and be heard no more."""
        self._line = self._exchange = None
        if self.transport:
            self.transport.abortConnection()
        elif self.connector:
            self.connector.disconnect()

    def connectionMade(self) -> None:
        """Send the request that the connection was made for."""
        if self._exchange:
            self.transport.setTcpNoDelay(True)
            self.say(self._exchange)
        else:
            self.transport.abortConnection()

    def dataReceived(self, data: bytes) -> None:
        """Take a part of the reply; a slave that speaks unasked loses its connection."""
        line, exchange = self._line, self._exchange
        if not line:
            return
        if not exchange:
            line.lost(Silence("spoke unasked"))
            self.drop()
            return
        try:
            exchange.reply.feed(data)
        except GarbageError as garbage:
            line.end(garbled(garbage))
            return
        if exchange.reply.done and self._exchange is exchange:
            self._exchange = None
            self.answers += 1
            line.end(None)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell the line."""
        if self._line:
            self._line.lost(Silence(f"connection closed without an answer{_detail(reason)}"))

    def failed(self, reason: Failure) -> None:
        """Tell the line that there is no connection."""
        if self._line:
            self._line.lost(_silence_of(reason))


class _Dial(ClientFactory):
    """Make the one connection."""

    noisy = False

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def buildProtocol(self, addr: IAddress | None) -> Connection:
        return self._connection

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        self._connection.failed(reason)


def _detail(reason: Failure) -> str:
    return "" if reason.check(error.ConnectionDone) else f": {reason.value}"


def _silence_of(reason: Failure) -> Silence:
    """Return why there is no connection, a socket's error as Python prints its number and text."""
    number = getattr(reason.value, "osError", None) or _ERRNO.get(type(reason.value))
    if not number:
        return Silence(str(reason.value).rstrip("."))
    return Silence(str((number, os.strerror(number))), refused=number == _ERRNO[error.ConnectionRefusedError])
