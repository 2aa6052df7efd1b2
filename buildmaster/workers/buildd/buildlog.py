"""The log of a build, without the passwords that archives' URLs may hold."""

import re
from pathlib import Path

TAIL = 2048
CREDENTIALS = re.compile(rb"://[^\s/@]+@")
PERHAPS_CREDENTIALS = re.compile(rb":[^\s@]{0,1024}\Z")


class BuildLog:
    """A file that programs' output is appended to; what may be half a password is held back until more comes."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=0)
        self._held = b""
        self.tail = b""

    def write(self, data: bytes) -> None:
        """Append output as it comes, cut anywhere."""
        data = CREDENTIALS.sub(b"://", self._held + data)
        cut = PERHAPS_CREDENTIALS.search(data)
        end = cut.start() if cut else len(data)
        self._held = data[end:]
        self._append(data[:end])

    def note(self, line: str) -> None:
        """Append a line of the slave's own."""
        self.write(line.encode() + b"\n")

    def close(self) -> None:
        """Append what was held back, and close the file; the tail stays. May be repeated."""
        if self._file.closed:
            return
        self._append(self._held)
        self._held = b""
        self._file.close()

    def _append(self, data: bytes) -> None:
        self._file.write(data)
        self.tail = (self.tail + data)[-TAIL:]
