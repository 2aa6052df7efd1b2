"""The log of one run: its beginning and its end, when the whole is too long; its tail, for the heartbeat."""

import re

TAIL = 2048
CREDENTIALS = re.compile(rb"(?<=://)[^/\s\"'<>]+@|(?<=:pserver:)[^/\s\"'<>]+@")


class RunLog:
    """What the tools printed, and what the worker says. At most ``size`` bytes are kept, half of them from the end."""

    def __init__(self, size: int) -> None:
        self._half = size // 2
        self._head = bytearray()
        self._end = bytearray()
        self._lost = 0

    def write(self, some: bytes) -> None:
        """Take in more; what is too much is lost from the middle."""
        room = self._half - len(self._head)
        self._head += some[:room]
        self._end += some[room:]
        over = max(0, len(self._end) - self._half)
        self._lost += over
        del self._end[:over]

    def say(self, text: str) -> None:
        """Add a line of the worker's own."""
        self.write(f"{text}\n".encode())

    @property
    def tail(self) -> bytes:
        """The last bytes."""
        return CREDENTIALS.sub(b"", bytes((self._head + self._end)[-TAIL:]))

    @property
    def text(self) -> bytes:
        """All that is kept, without credentials."""
        gap = b"\n[%d bytes left out]\n" % self._lost if self._lost else b""
        return CREDENTIALS.sub(b"", bytes(self._head) + gap + bytes(self._end))
