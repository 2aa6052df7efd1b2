"""Speak the slave protocol, and return what slaves say as facts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar  # Any: what XML-RPC can carry
from urllib.parse import quote

from twisted.internet.defer import Deferred
from zope.interface import Interface, implementer

from buildmaster.farm.builders.facts import BuilderFacts
from buildmaster.farm.builders.replies import BuildReply, Present, Silence, SlaveInfo, SlaveStatus
from buildmaster.farm.text.redacting import one_line
from buildmaster.farm.vocabulary.contents import Content
from buildmaster.slave.address import Address
from buildmaster.slave.connection import Exchange, IReactor, Line, garbled
from buildmaster.slave.files import Download, Sink
from buildmaster.slave.http import GarbageError, Reply
from buildmaster.slave.messages import (
    FaultError,
    answer_of,
    build_reply_of,
    echo_of,
    fact_in,
    info_of,
    present_of,
    request_of,
    status_of,
    word_of,
)

REPLY_LIMIT = 1_048_576  # bytes
PATIENCE = 20  # timeouts that a slave may take to fetch a file: meanwhile it answers nobody
Fact = TypeVar("Fact")
_INFO = fact_in(info_of)
_STATUS = fact_in(status_of)
_PRESENT = fact_in(present_of)
_BUILD_REPLY = fact_in(build_reply_of)
_WORD = fact_in(word_of)
_REPEATABLE = frozenset({"echo", "info", "status", "ensurepresent"})


class ISlave(Interface):
    """A slave's own voice.

    All Deferreds fire with a fact, or with a Silence that says why there is none, and do so within the slave's timeout
    from when their turn has come. They never fail, but for a fetch that our own disk does not take. A slave answers one
    call at a time; a fetch goes beside them.
    """

    def echo(*args: Any) -> Deferred[list[Any] | Silence]:
        """Return what was said."""

    def info() -> Deferred[SlaveInfo | Silence]:
        """Return what the slave is."""

    def status() -> Deferred[SlaveStatus | Silence]:
        """Return what the slave does."""

    def ensurepresent(sha1: str, url: str, username: str, password: str) -> Deferred[Present | Silence]:
        """Let the slave fetch a file into its cache, unless it is there; this may take 20 timeouts."""

    def build(
        cookie: str,
        kind: str,
        chroot_sha1: str,
        filemap: Mapping[str, str],
        args: Mapping[str, Any],
    ) -> Deferred[BuildReply | Silence]:
        """Start a build. Only an IDLE slave may be asked; after a Silence the slave's state is unknown."""

    def abort() -> Deferred[str | Silence]:
        """Let the slave abort its build; it takes a while after the answer. Only a BUILDING slave obeys."""

    def clean() -> Deferred[str | Silence]:
        """Let the slave drop its results and become IDLE. Only a WAITING slave obeys."""

    def fetch(name: str, into: Sink, limit: int, hold: int = 0) -> Deferred[Content | bytes | Silence]:
        """Write a result (``name`` is its SHA-1) or the ``buildlog`` into a file; return what this then is.

        At most ``limit`` bytes, with no pause as long as the timeout. After a Silence nothing is left of the file. One
        of less than ``hold`` bytes may be returned as it is, and is not written then. This fails with the OSError of a
        disk that does not take the file, of which nothing is left either.
        """

    def close() -> None:
        """End what is under way, and drop the connections; later calls are answered by Silence."""


@implementer(ISlave)
class Slave:
    """A slave on the network. ``timeout`` is in seconds, and may be changed."""

    def __init__(self, reactor: IReactor, url: str, timeout: float) -> None:
        self.timeout = timeout
        self._reactor = reactor
        self._address, trouble = _address(url)
        self._calls = Line(reactor, self._address)
        self._files = Line(reactor, self._address)
        if trouble:
            self._close(trouble)

    def echo(self, *args: Any) -> Deferred[list[Any] | Silence]:
        """Return what was said."""
        return self._call(_echo, "echo", *args)

    def info(self) -> Deferred[SlaveInfo | Silence]:
        """Return what the slave is."""
        return self._call(_INFO, "info")

    def status(self) -> Deferred[SlaveStatus | Silence]:
        """Return what the slave does."""
        return self._call(_STATUS, "status")

    def ensurepresent(self, sha1: str, url: str, username: str, password: str) -> Deferred[Present | Silence]:
        """Let the slave fetch a file into its cache."""
        return self._call(_PRESENT, "ensurepresent", sha1, url, username, password, patience=PATIENCE)

    def build(
        self,
        cookie: str,
        kind: str,
        chroot_sha1: str,
        filemap: Mapping[str, str],
        args: Mapping[str, Any],
    ) -> Deferred[BuildReply | Silence]:
        """Start a build."""
        return self._call(_BUILD_REPLY, "build", cookie, kind, chroot_sha1, dict(filemap), dict(args))

    def abort(self) -> Deferred[str | Silence]:
        """Let the slave abort its build."""
        return self._call(_WORD, "abort")

    def clean(self) -> Deferred[str | Silence]:
        """Let the slave drop its results."""
        return self._call(_WORD, "clean")

    def fetch(self, name: str, into: Sink, limit: int, hold: int = 0) -> Deferred[Content | bytes | Silence]:
        """Write a file of the slave's, or return a small one."""
        download = Download(self._reactor, into, limit, self.timeout * PATIENCE, hold)
        request = self._address.get(quote(name, safe=""))
        download.exchange = Exchange(request, Reply(download.write, limit), self.timeout, repeatable=True)
        return self._files.ask(download.exchange).addCallback(download.finish)

    def close(self) -> None:
        """End what is under way, and drop the connections."""
        self._close("the connection was closed by the master")

    def _close(self, reason: str) -> None:
        self._calls.close(reason)
        self._files.close(reason)

    def _call(
        self,
        read: Callable[[bytes], Fact],
        method: str,
        *args: Any,
        patience: int = 1,
    ) -> Deferred[Fact | Silence]:
        body = bytearray()
        request = self._address.post(request_of(method, args))
        reply = Reply(body.extend, REPLY_LIMIT)
        exchange = Exchange(request, reply, self.timeout * patience, method in _REPEATABLE)
        return self._calls.ask(exchange).addCallback(_understood, body, read)


def _echo(body: bytes) -> list[Any]:
    return echo_of(answer_of(body))


def _address(url: str) -> tuple[Address, str]:
    """Return where the slave is, and what is wrong with its URL."""
    try:
        return Address.of(url), ""
    except ValueError as error:
        return Address("", 0, "", ""), one_line(f"{url}: {error}")


def _understood(silence: Silence | None, body: bytearray, read: Callable[[bytes], Fact]) -> Fact | Silence:
    """Return the fact in an answer's ``body``, or the Silence that it comes to."""
    if silence:
        return silence
    try:
        return read(bytes(body))
    except GarbageError as garbage:
        return garbled(garbage)
    except FaultError as fault:
        return Silence(one_line(str(fault)))


@dataclass(frozen=True)
class Timeouts:
    """How long a slave may take to answer, in seconds: one that is trusted, and one that runs what anybody uploads."""

    trusted: float = 40.0
    untrusted: float = 30.0


class Slaves:
    """The slaves of a farm: one client, with its connections, for each URL."""

    def __init__(self, reactor: IReactor, timeouts: Timeouts) -> None:
        self._reactor = reactor
        self._timeouts = timeouts
        self._slaves: dict[str, Slave] = {}

    def of(self, builder: BuilderFacts) -> ISlave:
        """Return the slave of a builder, the same one each time."""
        timeout = self._timeouts.trusted if builder.trusted else self._timeouts.untrusted
        if builder.url not in self._slaves:
            self._slaves[builder.url] = Slave(self._reactor, builder.url, timeout)
        self._slaves[builder.url].timeout = timeout
        return self._slaves[builder.url]

    def close(self) -> None:
        """Drop all connections."""
        for slave in self._slaves.values():
            slave.close()
