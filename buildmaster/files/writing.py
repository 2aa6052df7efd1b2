"""Read, hash, write and flush files. All calls block: make them in a thread."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypeVar

from buildmaster.farm.vocabulary.contents import Content

Item = TypeVar("Item")
CHUNK = 1 << 20  # bytes read at a time
SMALL = 1 << 18  # bytes; a smaller file is read into memory at once
FLUSHED_AT_ONCE = 64  # small files that are flushed one after the other: each is open until then
WRITABLE, READ_ONLY = 0o666, 0o444  # modes of new files, from which the umask is taken


def sync_folder(folder: Path) -> None:
    """Flush the names in ``folder`` to the disk: without that a rename may be undone by a crash of the machine."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def chunks(file: BinaryIO) -> Iterator[bytes]:
    """Yield what is left of ``file``, a mebibyte at a time."""
    while chunk := file.read(CHUNK):
        yield chunk


class Digests:
    """The digests of what is read: both come of the one reading."""

    def __init__(self) -> None:
        self._sha256, self._sha1 = hashlib.sha256(), hashlib.sha1(usedforsecurity=False)
        self._size = 0

    def read(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the pieces, and take them in."""
        for piece in pieces:
            self._sha256.update(piece)
            self._sha1.update(piece)
            self._size += len(piece)
            yield piece

    @property
    def content(self) -> Content:
        """What was read so far."""
        return Content(self._sha256.hexdigest(), self._sha1.hexdigest(), self._size)


def content_of(held: bytes) -> Content:
    """Return what a file is that holds these bytes."""
    digests = Digests()
    for _ in digests.read((held,)):
        pass
    return digests.content


def write(file: BinaryIO, piece: bytes) -> None:
    """Write all of the piece to a file without a buffer."""
    _write_all(file.write, piece)


@dataclass(frozen=True)
class Written:
    """What is to be written: one of the modes above goes with it."""

    path: Path
    content: bytes
    mode: int = WRITABLE


def write_flushed(files: Iterable[Written]) -> None:
    """Write files, and flush them to the disk, some at a time. Where one lies already it must be writable."""
    for some in batched(files, FLUSHED_AT_ONCE):
        descriptors: list[int] = []
        try:
            for file in some:
                descriptors.append(os.open(file.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, file.mode))
                _write_all(partial(os.write, descriptors[-1]), file.content)
            for descriptor in descriptors:
                os.fsync(descriptor)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)


def _write_all(write_some: Callable[[memoryview], int], content: bytes) -> None:
    """Write all of it: one call may write a part, where the disk is nearly full."""
    left = memoryview(content)
    while left:
        left = left[write_some(left) :]


def batched(items: Iterable[Item], size: int) -> Iterator[tuple[Item, ...]]:
    """Yield the items, at most so many at a time."""
    rest = iter(items)
    while some := tuple(islice(rest, size)):
        yield some


BUFFER = 65_536  # bytes


class HashedFile:
    """A file under way and the sums of what is in it; used by one thread at a time. Its folder is made if missing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._sha256 = hashlib.sha256()
        self._sha1 = hashlib.sha1(usedforsecurity=False)
        self._size = 0
        self._fault: OSError | None = None

    def add(self, piece: bytes) -> None:
        """Write some more. Where that has failed, nothing that comes after it is written."""
        if self._fault is not None:
            raise self._fault
        try:
            self._write(piece)
        except OSError as error:
            self._fault = error
            raise

    def _write(self, piece: bytes) -> None:
        self._begun().write(piece)
        self._sha256.update(piece)
        self._sha1.update(piece)
        self._size += len(piece)

    def _begun(self) -> BinaryIO:
        if self._file is None:
            self._file = _opened(self._path)
        return self._file

    def finish(self, piece: bytes) -> Content:
        """Write the rest, flush all to the disk, and return what is in the file."""
        self.add(piece)
        with self._begun() as file:
            file.flush()
            os.fsync(file.fileno())
        return Content(self._sha256.hexdigest(), self._sha1.hexdigest(), self._size)

    def discard(self) -> None:
        """Leave nothing behind."""
        if self._file is not None:
            with suppress(OSError):  # a full disk does not take what is still to be flushed
                self._file.close()
            self._path.unlink(missing_ok=True)


def _opened(path: Path) -> BinaryIO:
    """Open a file to be written; make its folder where that is missing, and remove one that nobody may write into."""
    try:
        return path.open("wb", buffering=BUFFER)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    except PermissionError:
        path.unlink(missing_ok=True)
    return path.open("wb", buffering=BUFFER)
