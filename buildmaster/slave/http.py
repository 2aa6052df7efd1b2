"""Read one HTTP reply as its bytes come, and trust none of them.

Only what a slave may answer is understood: 200, with a body that has a length, comes in chunks, or ends with its
connection. A redirect is not followed: a slave has no reason to send the master elsewhere.
"""

import re
from collections.abc import Callable

from buildmaster.errors import BuildmasterError

HEAD_LIMIT = 16_384  # bytes of a head
LINE_LIMIT = 1_024  # bytes of a line between chunks
_BEGINNING = b"HTTP/1."
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5]\d\d)(?: (.*))?")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?")
_DIGITS = 15  # of a length
_OK = b"HTTP/1.1 200 OK"


class GarbageError(BuildmasterError):
    """A slave said something that is not of its protocol."""


class Reply:
    """One reply: what has come of it so far.

    ``keep`` takes the body, piece by piece. ``begun`` is true from the first byte on, ``done`` when the reply is whole,
    ``reusable`` when its connection may then serve another request.
    """

    def __init__(self, keep: Callable[[bytes], object], limit: int) -> None:
        self.begun = self.done = self.reusable = False
        self._keep = keep
        self._limit = limit
        self._size = 0
        self._room = limit + limit // 8 + 2 * HEAD_LIMIT  # for all that comes, chunks' frames and heads included
        self._left = 0
        self._unread = b""
        self._at = 0  # in what is unread: the beginning is cut off once for all that came
        self._step = self._read_head

    def feed(self, data: bytes) -> None:
        """Take what came; raise GarbageError when it can't become a reply of the slave protocol."""
        self.begun = True
        self._room -= len(data)
        if self._room < 0:
            raise self._too_much()
        self._unread = self._unread + data if self._unread else data
        self._at = 0
        while not self.done and self._step():
            pass
        self._unread = self._unread[self._at :]
        if self.done and self._unread:
            self.reusable = False

    def end(self) -> None:
        """Take the end of the connection; raise GarbageError when it comes in the middle of the reply."""
        if self._step != self._read_rest:
            raise GarbageError("the answer breaks off")
        self.done = True

    def _read_head(self) -> bool:
        unread, at = self._unread, self._at
        if not _BEGINNING.startswith(unread[at : at + len(_BEGINNING)]):
            raise GarbageError(f"not HTTP: {unread[at : at + 60]!r}")
        end = unread.find(b"\r\n\r\n", at)
        if (len(unread) if end < 0 else end) - at > HEAD_LIMIT:
            raise GarbageError("an HTTP head without end")
        if end < 0:
            return False
        status, *fields = unread[at:end].split(b"\r\n")
        self._at = end + 4
        minor, code = _status(status)
        if code == b"200":
            self._frame(_headers(fields), may_stay=minor == b"1")
        return True

    def _frame(self, headers: dict[bytes, bytes], may_stay: bool) -> None:
        """See from the ``headers`` how the body's end will be known."""
        self.reusable = may_stay and b"close" not in headers.get(b"connection", b"").lower()
        if b"transfer-encoding" in headers:
            _check_chunked(headers[b"transfer-encoding"])
            self._step = self._read_chunk_size
        elif b"content-length" in headers:
            self._await_body(headers[b"content-length"])
        else:
            self.reusable = False
            self._step = self._read_rest

    def _await_body(self, length: bytes) -> None:
        if not length.isdigit() or len(length) > _DIGITS:
            raise GarbageError(f"a Content-Length of {length[:60]!r}")
        self._left = int(length)
        if self._left > self._limit:
            raise self._too_much()
        self.done = not self._left
        self._step = self._read_body

    def _read_body(self) -> bool:
        self._pass_on(self._left)
        self.done = not self._left
        return False

    def _read_rest(self) -> bool:
        self._left = len(self._unread) - self._at
        self._pass_on(self._left)
        return False

    def _read_chunk_size(self) -> bool:
        line = self._line()
        if line is None:
            return False
        size = _CHUNK_SIZE.fullmatch(line)
        if not size:
            raise GarbageError(f"a chunk's size of {line[:60]!r}")
        self._left = int(size[1], 16)
        self._step = self._read_chunk if self._left else self._read_trailer
        return True

    def _read_chunk(self) -> bool:
        self._pass_on(self._left)
        if self._left:
            return False
        self._step = self._read_chunk_end
        return True

    def _read_chunk_end(self) -> bool:
        line = self._line()
        if line:
            raise GarbageError("a chunk longer than it says")
        self._step = self._read_chunk_end if line is None else self._read_chunk_size
        return line is not None

    def _read_trailer(self) -> bool:
        line = self._line()
        self.done = line == b""
        return line is not None

    def _line(self) -> bytes | None:
        """Take a line, without its end; None when it isn't there yet."""
        begin = self._at
        end = self._unread.find(b"\r\n", begin, begin + LINE_LIMIT + 2)
        if end < 0 and len(self._unread) - begin > LINE_LIMIT:
            raise GarbageError("a line without end")
        if end < 0:
            return None
        self._at = end + 2
        return self._unread[begin:end]

    def _pass_on(self, count: int) -> None:
        """Pass on as much of ``count`` bytes of the body as are there."""
        piece = self._unread[self._at : self._at + count]
        self._at += len(piece)
        self._left -= len(piece)
        self._size += len(piece)
        if self._size > self._limit:
            raise self._too_much()
        if piece:
            self._keep(piece)

    def _too_much(self) -> GarbageError:
        return GarbageError(f"more than {self._limit} bytes")


def _status(line: bytes) -> tuple[bytes, bytes]:
    """Return HTTP's minor version and the code: 200, or 1xx, after which another head comes."""
    if line == _OK:
        return b"1", b"200"
    found = _STATUS_LINE.fullmatch(line)
    if not found:
        raise GarbageError(f"not HTTP: {line[:60]!r}")
    if found[2] != b"200" and not found[2].startswith(b"1"):
        raise GarbageError(f"HTTP {found[2].decode()} {(found[3] or b'')[:60].decode('latin-1')}".strip())
    return found[1], found[2]


def _headers(fields: list[bytes]) -> dict[bytes, bytes]:
    """Return the header fields by name in lower case; a contradiction is garbage."""
    headers: dict[bytes, bytes] = {}
    for field in fields:
        name, colon, text = field.partition(b":")
        key, value = name.lower(), text.strip()
        if not colon or (key == b"content-length" and headers.get(key, value) != value):
            raise GarbageError(f"an HTTP header of {field[:60]!r}")
        headers[key] = value
    return headers


def _check_chunked(encoding: bytes) -> None:
    if encoding.lower() != b"chunked":
        raise GarbageError(f"a Transfer-Encoding of {encoding[:60]!r}")
