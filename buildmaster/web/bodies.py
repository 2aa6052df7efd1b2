"""Bound the bodies of requests before they are read."""

import io
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from twisted.web.server import Request

IN_MEMORY = 100_000  # bytes
NO_LENGTH = b"411 Length Required"
TOO_LONG = b"413 Content Too Large"


@dataclass(frozen=True)
class BodyLimits:
    """How many bytes a body may have: with credentials, that are not looked at yet, and without.

    Long ones are kept in unnamed files in ``spool``.
    """

    known: int
    anonymous: int
    spool: Path


class BoundedRequest(Request):
    """A request whose body is refused by its length, before the first byte is kept."""

    def __init__(self, limits: BodyLimits, *args: Any) -> None:  # Any: as Twisted calls it
        super().__init__(*args)
        self._limits = limits
        self._refused = False

    def gotLength(self, length: int | None) -> None:
        """Make a place for the body, or refuse it."""
        known = self.requestHeaders.hasHeader(b"Authorization")
        limit = self._limits.known if known else self._limits.anonymous
        self.content = io.BytesIO()
        if length is None:
            self._refuse(NO_LENGTH)
        elif length > limit:
            self._refuse(TOO_LONG)
        elif length > IN_MEMORY:
            self._limits.spool.mkdir(parents=True, exist_ok=True)
            self.content = tempfile.TemporaryFile(dir=self._limits.spool)  # noqa: SIM115  # as long as the request

    def handleContentChunk(self, data: bytes) -> None:
        """Keep a part of the body, unless it is refused."""
        if not self._refused:
            super().handleContentChunk(data)

    def process(self) -> None:
        """Answer, unless that is done."""
        if not self._refused:
            super().process()

    def _refuse(self, status: bytes) -> None:
        self._refused = True
        self.channel.write(b"HTTP/1.1 %b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status)
        self.channel.loseConnection()


def bounded(limits: BodyLimits) -> partial[BoundedRequest]:
    """Return what makes requests for a site."""
    return partial(BoundedRequest, limits)
