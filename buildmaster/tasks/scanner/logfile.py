"""Keep a build's log as it comes from a slave: compressed, and without the credentials in its URLs."""

import zlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from buildmaster.farm.text.redacting import without_credentials
from buildmaster.farm.vocabulary.contents import Content
from buildmaster.files.librarian import ILibrarian
from buildmaster.files.writing import HashedFile

LONGEST_LINE = 1 << 20  # bytes: in a longer one credentials are looked for in parts


class LogPacker:
    """Compresses a log, piece by piece, and leaves credentials out."""

    def __init__(self) -> None:
        self._line = b""  # the beginning of a line whose end is still to come

    @cached_property
    def _compressor(self) -> Any:  # Any: zlib doesn't name its type
        return zlib.compressobj(wbits=31)  # as gzip, without a time; it takes 256 KiB

    def add(self, piece: bytes) -> bytes:
        """Return what is ready of the lines that are whole."""
        lines, end, self._line = (self._line + piece).rpartition(b"\n")
        if len(self._line) > LONGEST_LINE:
            lines, end, self._line = lines + end + self._line, b"", b""
        return self._packed(lines + end)

    def finish(self, piece: bytes) -> bytes:
        """Return the rest."""
        packed = self.add(piece) + self._packed(self._line)
        rest: bytes = self._compressor.flush()
        return packed + rest

    def _packed(self, text: bytes) -> bytes:
        packed: bytes = self._compressor.compress(without_credentials(text.decode("utf-8", "replace")).encode())
        return packed


class LogFile:
    """A log on its way into the librarian; a Sink. It stays at ``path`` too, where it comes whole or not at all."""

    def __init__(self, path: Path, librarian: ILibrarian) -> None:
        self._path = path
        self._librarian = librarian
        self._file = HashedFile(partial(path))
        self._packer = LogPacker()

    def add(self, piece: bytes) -> None:
        """Write the lines that are whole."""
        self._file.add(self._packer.add(piece))

    def finish(self, piece: bytes) -> Content:
        """Write the rest, and let the librarian have it; return what the compressed log is."""
        content = self._file.finish(self._packer.finish(piece))
        adopt_logs([(self._path, content)], self._librarian)
        return content

    def discard(self) -> None:
        """Leave nothing behind."""
        self._file.discard()


def partial(path: Path) -> Path:
    """Return where a log is until it is whole and flushed to the disk."""
    return path.with_suffix(".new")


def adopt_logs(logs: Sequence[tuple[Path, Content]], librarian: ILibrarian) -> None:
    """Let logs that are whole, flushed and of these contents have their places, and the librarian keep them."""
    for path, _ in logs:
        partial(path).rename(path)
    librarian.adopt_all(logs)
