"""An HTTP proxy, on the loopback, through which alone imports speak HTTP: it connects within the fence only.

Whatever an import's tools follow (redirects, alternates, other servers that a server names) comes by here, is looked
up here, once, and is connected to at that address.
"""

import re
from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IConsumer, IPushProducer, ITransport
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from buildmaster.workers.codeimports.fence import Fence, FencedError
from buildmaster.workers.reactor import InThread, IReactor

HEAD_LIMIT = 65536
TUNNEL = re.compile(rb"CONNECT ((?:\[[0-9A-Fa-f:.]+\])|[^\s:/]+):(\d{1,5}) HTTP/1\.[01]")
PLAIN = re.compile(rb"([A-Z]+) http://((?:\[[0-9A-Fa-f:.]+\])|[^\s:/@]+)(?::(\d{1,5}))?(/\S*)? (HTTP/1\.[01])")
HOP = re.compile(rb"\r\n(?:Proxy-[\w-]+|Connection|Keep-Alive):[^\r\n]*", re.IGNORECASE)

log = Logger()


class IConnection(ITransport, IConsumer, IPushProducer):
    """A connection that can wait, and be waited for."""


class Far(Protocol):
    """The connection to a server, all of whose bytes go to the client."""

    transport: IConnection  # from connectionMade on

    def __init__(self, near: "Near") -> None:
        self._near = near

    def connectionMade(self) -> None:
        """Let each side wait for the other."""
        self.transport.registerProducer(self._near.transport, streaming=True)
        self._near.transport.registerProducer(self.transport, streaming=True)

    def dataReceived(self, data: bytes) -> None:
        """Pass on what the server says."""
        self._near.transport.write(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Let the client go when the server has gone."""
        self._near.transport.unregisterProducer()
        self._near.transport.loseConnection()


class Near(Protocol):
    """The connection of an import's tool: one request, whose head is read here; what follows is passed on."""

    transport: IConnection  # from connectionMade on

    def __init__(self, way: "Way") -> None:
        self._way = way
        self._head = b""
        self._gone = False
        self._far: Far | None = None
        self._asked: Deferred[None] | None = None

    def dataReceived(self, data: bytes) -> None:
        """Read the head; pass on the rest."""
        if self._far is not None:
            self._far.transport.write(data)
            return
        self._head += data
        if self._asked is None and b"\r\n\r\n" in self._head:
            self._asked = Deferred.fromCoroutine(self._open())
        elif len(self._head) > HEAD_LIMIT:
            self.transport.loseConnection()

    async def _open(self) -> None:
        try:
            host, port, opening, reply = understood(self._head.partition(b"\r\n\r\n")[0])
            self.transport.pauseProducing()
            far = await self._way(host, port, self)
        except (FencedError, ConnectError, OSError) as error:
            log.warn("an import was not let through: {error}", error=error)
            self._refuse(str(error))
            return
        self._far = far
        if self._gone:
            far.transport.loseConnection()
            return
        self.transport.write(reply)
        far.transport.write(opening + self._head.partition(b"\r\n\r\n")[2])
        self.transport.resumeProducing()

    def _refuse(self, why: str) -> None:
        body = f"{why}\n".encode()
        self.transport.write(
            b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body
        )
        self.transport.resumeProducing()
        self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Let the server go when the tool has gone."""
        self._gone = True
        if self._far is not None:
            self._far.transport.unregisterProducer()
            self._far.transport.loseConnection()


def understood(head: bytes) -> tuple[str, int, bytes, bytes]:
    """Return the host, the port, what to tell the server first, and what to tell the client.

    A plain request is the only one of its connection: the next one may be for another host. Raises FencedError for what
    is no request to a proxy.
    """
    line, _, fields = head.partition(b"\r\n")
    tunnel, plain = TUNNEL.fullmatch(line), PLAIN.fullmatch(line)
    if tunnel:
        return _host(tunnel[1]), int(tunnel[2]), b"", b"HTTP/1.1 200 Connection established\r\n\r\n"
    if not plain:
        raise FencedError("this is no request to a proxy")
    kept = HOP.sub(b"", b"\r\n" + fields)
    opening = b"%s %s %s%s\r\nConnection: close\r\n\r\n" % (plain[1], plain[4] or b"/", plain[5], kept)
    return _host(plain[2]), int(plain[3] or 80), opening, b""


def _host(name: bytes) -> str:
    return name.decode("ascii", "replace").strip("[]")


Way = Callable[[str, int, Near], Deferred[Far]]


def way_through(reactor: IReactor, in_thread: InThread, fence: Fence) -> Way:
    """Return what connects a client to a host and a port, within the fence."""

    async def connect(host: str, port: int, near: Near) -> Far:
        address = await in_thread(fence.way_to, host)
        far = Far(near)
        await connectProtocol(HostnameEndpoint(reactor, address, port), far)
        return far

    return lambda host, port, near: Deferred.fromCoroutine(connect(host, port, near))


class ProxyFactory(ServerFactory):
    """Makes a Near for each connection."""

    noisy = False

    def __init__(self, way: Way) -> None:
        self._way = way

    def buildProtocol(self, addr: object) -> Near:
        """Serve one connection."""
        return Near(self._way)
