"""Fetch files from the master, verified by SHA-1, without making anybody wait."""

import hashlib
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeoutError
from twisted.internet.error import ConnectError, ConnectionClosed, DNSLookupError
from twisted.internet.error import TimeoutError as TwistedTimeoutError
from twisted.internet.interfaces import IDelayedCall, IReactorTime, ITransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.protocols.policies import TimeoutMixin
from twisted.python.failure import Failure
from twisted.web.client import Agent, HTTPConnectionPool, RedirectAgent, ResponseFailed, _HTTP11ClientFactory
from twisted.web.error import SchemeNotSupported
from twisted.web.http import OK, RESPONSES
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent

from buildmaster import __version__
from buildmaster.workers.buildd.filecache import FileCache
from buildmaster.workers.reactor import IReactor

SILENCE_LIMIT = 60.0
NETWORK_ERRORS = (
    ConnectError,
    ConnectionClosed,
    DNSLookupError,
    DeferredTimeoutError,
    OSError,
    ResponseFailed,
    SchemeNotSupported,
    TwistedTimeoutError,
    ValueError,
)
Answer = list[object]  # whether the file is here, and how or why not, in the protocol's words


def make_agent(reactor: IReactor) -> IAgent:
    """Return a client that keeps its connections and follows redirects."""
    return RedirectAgent(Agent(reactor, pool=QuietPool(reactor), connectTimeout=SILENCE_LIMIT))


class QuietFactory(_HTTP11ClientFactory):
    """Makes the client's side of a connection, and logs no line about it."""

    noisy = False


class QuietPool(HTTPConnectionPool):
    """Keeps connections, and logs no lines for each of them."""

    _factory = QuietFactory  # the only door to its noise


class Fetcher:
    """Brings files into the cache; two requests for one file share one transfer."""

    def __init__(self, clock: IReactorTime, agent: IAgent, cache: FileCache) -> None:
        self._clock = clock
        self._agent = agent
        self._cache = cache
        self._under_way: dict[str, Deferred[Answer]] = {}

    async def ensurepresent(self, sha1: str, url: str | None, username: str | None, password: str | None) -> Answer:
        """Return whether the file is here, and how or why not, in the protocol's words."""
        if self._cache.has(sha1):
            return [True, "Cache"]
        if not url:
            return [False, "No URL"]
        if sha1 in self._under_way:
            return await _shared(self._under_way[sha1])
        return await self._first(sha1, url, _headers(username, password))

    async def _first(self, sha1: str, url: str, headers: Headers) -> Answer:
        waiting: Deferred[Answer] = Deferred()
        self._under_way[sha1] = waiting
        answer: Answer = [False, "Error accessing Librarian: given up"]
        try:
            answer = await self._fetch(sha1, url, headers)
        except NETWORK_ERRORS as error:
            answer = [False, f"Error accessing Librarian: {_reason(error)}"]
        finally:
            del self._under_way[sha1]
            waiting.callback(answer)
        return answer

    async def _fetch(self, sha1: str, url: str, headers: Headers) -> Answer:
        response = await self._agent.request(b"GET", url.encode(), headers).addTimeout(SILENCE_LIMIT, self._clock)
        part = self._cache.sent(f"{sha1}.part")
        keep = response.code == OK
        with part.open("wb") as file:
            body = Body(self._clock, file)
            response.deliverBody(body)
            found = await body.ended
        return self._settle(part, sha1, found) if keep else self._refused(part, response.code)

    def _settle(self, part: Path, sha1: str, found: str) -> Answer:
        if found != sha1:
            part.unlink()
            return [False, "Digests did not match, removing again!"]
        part.replace(self._cache.sent(sha1))
        return [True, "Download"]

    @staticmethod
    def _refused(part: Path, code: int) -> Answer:
        part.unlink()
        return [False, f"Error accessing Librarian: HTTP Error {code}: {RESPONSES.get(code, b'').decode()}"]


class Body(Protocol, TimeoutMixin):
    """Writes an answer's body to a file; ``ended`` fires with its SHA-1, or fails when the rest does not come."""

    transport: ITransport  # from connectionMade on

    def __init__(self, clock: IReactorTime, file: BinaryIO) -> None:
        self._clock = clock
        self._file = file
        self._digest = hashlib.sha1(usedforsecurity=False)
        self.ended: Deferred[str] = Deferred()

    def callLater(self, period: float, func: Callable[[], object]) -> IDelayedCall:
        """Count time by the clock that was given."""
        return self._clock.callLater(period, func)

    def connectionMade(self) -> None:
        """Begin to count the time in which nothing comes."""
        self.setTimeout(SILENCE_LIMIT)

    def dataReceived(self, data: bytes) -> None:
        """Keep a piece."""
        self.resetTimeout()
        self._digest.update(data)
        self._file.write(data)

    def timeoutConnection(self) -> None:
        """Give up a transfer that has stopped."""
        self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell how it ended; a body cut short is found out by its digest."""
        self.setTimeout(None)
        self.ended.callback(self._digest.hexdigest())


def _shared(first: Deferred[Answer]) -> Deferred[Answer]:
    mine: Deferred[Answer] = Deferred()

    def tell(answer: Answer) -> Answer:
        mine.callback(answer)
        return answer

    first.addCallback(tell)
    return mine


def _headers(username: str | None, password: str | None) -> Headers:
    headers = Headers({"User-Agent": [f"buildmaster-buildd/{__version__}"]})
    if username:
        secret = b64encode(f"{username}:{password or ''}".encode()).decode()
        headers.addRawHeader("Authorization", f"Basic {secret}")
    return headers


def _reason(error: Exception) -> str:
    reasons = getattr(error, "reasons", None)
    return str(reasons[0].value if reasons else error)
