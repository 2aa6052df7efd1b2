"""Keep a build's log as it comes from a slave: compressed, and without the credentials in its URLs."""

import zlib
from pathlib import Path

from buildmaster.farm.facts import Content
from buildmaster.farm.redacting import without_credentials
from buildmaster.librarian import ILibrarian
from buildmaster.slavefiles import HashedFile

LONGEST_LINE = 1 << 20  # bytes: in a longer one credentials are looked for in parts


class LogFile:
    """A log on its way into the librarian; a Sink. It stays at ``path`` too, where it comes whole or not at all."""

    def __init__(self, path: Path, librarian: ILibrarian) -> None:
        self._path = path
        self._librarian = librarian
        self._partial = path.with_suffix(".new")
        self._file = HashedFile(self._partial)
        self._packer = zlib.compressobj(wbits=31)  # as gzip, without a time
        self._line = b""  # the beginning of a line whose end is still to come

    def add(self, piece: bytes) -> None:
        """Write the lines that are whole."""
        lines, end, self._line = (self._line + piece).rpartition(b"\n")
        if len(self._line) > LONGEST_LINE:
            lines, end, self._line = lines + end + self._line, b"", b""
        self._file.add(self._packed(lines + end))

    def finish(self, piece: bytes) -> Content:
        """Write the rest, and let the librarian have it; return what the compressed log is."""
        self.add(piece)
        content = self._file.finish(self._packed(self._line) + self._packer.flush())
        self._partial.rename(self._path)
        self._librarian.adopt(self._path, content)
        return content

    def discard(self) -> None:
        """Leave nothing behind."""
        self._file.discard()

    def _packed(self, text: bytes) -> bytes:
        return self._packer.compress(without_credentials(text.decode("utf-8", "replace")).encode())
