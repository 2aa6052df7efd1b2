"""A network in memory: TCP without a socket, on a Clock, for clients and servers that are the real ones."""

from collections import deque

from twisted.internet import address, error
from twisted.internet.interfaces import IReactorTCP, IReactorThreads, IReactorTime, ITransport
from twisted.python.failure import Failure
from zope.interface import implementer

SILENT = object()  # listens where a connection is neither made nor refused


@implementer(IReactorTCP, IReactorTime, IReactorThreads)
class Network:
    """A reactor whose connections are in memory, and whose threads do their work at once.

    What is sent arrives at once, or after ``latency`` seconds of the clock. A connection to where nobody listens is refused.
    """

    def __init__(self, clock, latency=0.0):
        self.clock = clock
        self.latency = latency
        self.seconds, self.callLater, self.getDelayedCalls = clock.seconds, clock.callLater, clock.getDelayedCalls
        self.connections = []
        self._listeners = {}
        self._events = deque()
        self._carrying = False
        self._held = None

    def listen(self, host, port, factory):
        """Let ``factory`` serve what connects to ``host`` at ``port``; None refuses, SILENT never answers."""
        self._listeners[host, port] = factory

    def connectTCP(self, host, port, factory, timeout=30):
        connector = Connector(self, host, port, factory)
        self.carry(connector.answer)
        return connector

    def server_of(self, host, port):
        """Return a protocol that serves a new connection, or None, or SILENT."""
        factory = self._listeners.get((host, port))
        if factory is None or factory is SILENT:
            return factory
        return factory.buildProtocol(address.IPv4Address("TCP", host, port))

    def carry(self, deliver, *args):
        """Deliver something, after everything that was sent before it."""
        if self.latency:
            self.clock.callLater(self.latency, deliver, *args)
            return
        self._events.append((deliver, args))
        while self._events and not self._carrying:
            self._carrying = True
            event, args = self._events.popleft()
            try:
                event(*args)
            finally:
                self._carrying = False

    def getThreadPool(self):
        return self

    def callInThreadWithCallback(self, result, work, *args, **kwargs):
        """Do a thread's work at once, or when threads are released."""
        if self._held is not None:
            self._held.append((result, work, args, kwargs))
            return
        try:
            outcome = True, work(*args, **kwargs)
        except Exception:  # noqa: BLE001  (any, as in a real thread)
            outcome = False, Failure()
        result(*outcome)

    def hold_threads(self):
        """Let the work of threads wait until ``release_threads()``."""
        self._held = []

    def release_threads(self):
        """Do what waits."""
        held, self._held = self._held, None
        for result, work, args, kwargs in held:
            self.callInThreadWithCallback(result, work, *args, **kwargs)

    def callFromThread(self, work, *args, **kwargs):
        work(*args, **kwargs)


class Connector:
    """An attempt to connect, and the connection that it led to."""

    def __init__(self, network, host, port, factory):
        self.network, self.host, self.port, self.factory = network, host, port, factory
        self._given_up = False
        self.ends = ()

    def answer(self):
        """Connect, refuse, or be silent."""
        if self._given_up:
            return
        server = self.network.server_of(self.host, self.port)
        if server is None:
            self.factory.clientConnectionFailed(self, Failure(error.ConnectionRefusedError()))
        elif server is not SILENT:
            self._join(server)

    def _join(self, server):
        client = self.factory.buildProtocol(address.IPv4Address("TCP", self.host, self.port))
        place = self.host, self.port
        self.ends = near, far = End(self.network, client, place), End(self.network, server, place)
        near.peer, far.peer = far, near
        self.network.connections.append(far)
        server.makeConnection(far)
        client.makeConnection(near)

    def disconnect(self):
        if self.ends:
            self.ends[0].loseConnection()
        elif not self._given_up:
            self._given_up = True
            self.factory.clientConnectionFailed(self, Failure(error.UserError()))

    stopConnecting = disconnect


@implementer(ITransport)
class End:
    """One end of a connection to a ``place``: a host and its port. One that is ``deaf`` hears and does nothing."""

    deaf = False
    disconnecting = False
    disconnected = False
    paused = False
    peer = None

    def __init__(self, network, protocol, place):
        self.place = place
        self._network = network
        self._protocol = protocol
        self._unread = []
        self._producer = None

    def write(self, data):
        if data and not self.disconnected and not self.disconnecting:
            self._network.carry(self.peer.receive, bytes(data))

    def writeSequence(self, pieces):
        self.write(b"".join(pieces))

    def receive(self, data):
        """Take bytes off the wire."""
        if self.paused:
            self._unread.append(data)
        elif not (self.disconnected or self.deaf):
            self._protocol.dataReceived(data)

    def pauseProducing(self):
        self.paused = True

    def resumeProducing(self):
        self.paused = False
        pieces, self._unread = self._unread, []
        for piece in pieces:
            self._network.carry(self.receive, piece)

    def stopProducing(self):
        self.loseConnection()

    def registerProducer(self, producer, streaming):
        """Let a producer write all that it has: memory has room."""
        self._producer = producer
        while self._producer is producer and not streaming:
            producer.resumeProducing()

    def unregisterProducer(self):
        self._producer = None

    def loseConnection(self):
        if not self.disconnecting:
            self.disconnecting = True
            self._network.carry(self.peer.lost, error.ConnectionDone())
            self._network.carry(self.lost, error.ConnectionDone())

    def abortConnection(self):
        self.disconnecting = True
        self._network.carry(self.peer.lost, error.ConnectionLost())
        self._network.carry(self.lost, error.ConnectionAborted())

    def lost(self, why):
        """Take the end of the connection."""
        if not self.disconnected:
            self.disconnected = True
            self._producer = None
            self._network.connections = [end for end in self._network.connections if end is not self]
            self._protocol.connectionLost(Failure(why))

    def setTcpNoDelay(self, enabled):
        pass

    def setTcpKeepAlive(self, enabled):
        pass

    def getPeer(self):
        return address.IPv4Address("TCP", "127.0.0.1", 1)

    getHost = getPeer
