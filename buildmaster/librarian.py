"""Keep files by their SHA-256.

A content is written under a temporary name, flushed to the disk and only then renamed into its place, so what has its
place is whole, after a crash too. All calls block: make them in a thread.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from zope.interface import Interface, implementer

from buildmaster.errors import BuildmasterError
from buildmaster.farm.facts import Content

CHUNK = 1 << 20  # bytes read at a time
SMALL = 1 << 18  # bytes; a smaller file is read into memory at once
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
DIGEST = re.compile(r"[0-9a-f]{64}")
TEMPORARY = "new"  # the folder, beside the contents, of those that are being written


class NotKeptError(BuildmasterError):
    """The librarian has no such content."""


class ILibrarian(Interface):
    """A keeper of contents. ``sha256`` is in small hexadecimal letters everywhere."""

    def add(path: Path) -> Content:
        """Keep a copy of the file at ``path``, and return what it holds. The same content twice is kept once."""

    def add_bytes(held: bytes) -> Content:
        """Keep what a file held that was read already."""

    def open(sha256: str) -> BinaryIO:
        """Return the content, opened for reading; raise NotKeptError where there is none."""

    def path(sha256: str) -> Path:
        """Return where the content can be read from the disk; raise NotKeptError where there is none."""

    def drop(sha256: str) -> None:
        """Forget the content. One that is not kept is no error."""

    def older(beginning: str, before: float) -> tuple[str, ...]:
        """Return the contents whose SHA-256 begins so, in two letters, and that were last added before that time."""


@implementer(ILibrarian)
class FolderLibrarian:
    """A librarian whose contents are files in a folder, two folders deep: ``12/34/1234...``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, path: Path) -> Content:
        """Keep a copy of the file at ``path``, and return what it holds."""
        with path.open("rb") as file:
            begin = file.read(SMALL)
            if len(begin) < SMALL:
                return self.add_bytes(begin)
            digests = Digests()
            copy = self._written(digests.read(chain((begin,), chunks(file))))
        self._keep(copy, digests.content.sha256)
        return digests.content

    def add_bytes(self, held: bytes) -> Content:
        """Keep what a file held; what has its place already stays there, and is the newer for it."""
        content = content_of(held)
        if not self._renewed(content.sha256, held):
            self._keep(self._written((held,)), content.sha256)
        return content

    def open(self, sha256: str) -> BinaryIO:
        """Return the content, opened for reading."""
        return self.path(sha256).open("rb")

    def path(self, sha256: str) -> Path:
        """Return the file that holds the content."""
        place = self._place(sha256)
        if not place.is_file():
            raise NotKeptError(f"the librarian has no content {sha256} in {self.folder}")
        return place

    def drop(self, sha256: str) -> None:
        """Remove the file that holds the content."""
        self._place(sha256).unlink(missing_ok=True)

    def older(self, beginning: str, before: float) -> tuple[str, ...]:
        """Return the contents of one folder that were last added before a POSIX time."""
        paths = (self.folder / beginning).glob("??/*")
        return tuple(path.name for path in paths if DIGEST.fullmatch(path.name) and path.stat().st_mtime < before)

    def _renewed(self, sha256: str, held: bytes) -> bool:
        """Look whether the content has its place, undamaged; if so, it is as if it had been added just now."""
        place = self._place(sha256)
        try:
            with place.open("rb") as file:
                if file.read(len(held) + 1) != held:
                    return False
                os.utime(file.fileno())
        except FileNotFoundError:
            return False
        sync_folder(place.parent)  # who renamed it may not have come to that yet
        return True

    def _written(self, pieces: Iterable[bytes]) -> Path:
        """Write the pieces into a new file, flushed to the disk; nothing is left of it where that fails."""
        copy = self.folder / TEMPORARY / token_hex(16)
        descriptor = _open_new(copy)
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                for piece in pieces:
                    _write(file, piece)
                os.fsync(descriptor)
        except BaseException:
            copy.unlink(missing_ok=True)
            raise
        return copy

    def _keep(self, copy: Path, sha256: str) -> None:
        place = self._place(sha256)
        try:
            copy.rename(place)
            changed: tuple[Path, ...] = (place.parent,)
        except FileNotFoundError:
            place.parent.mkdir(parents=True, exist_ok=True)
            copy.rename(place)
            changed = (place.parent, place.parent.parent, self.folder)
        for folder in changed:
            sync_folder(folder)

    def _place(self, sha256: str) -> Path:
        if not DIGEST.fullmatch(sha256):
            raise NotKeptError(f"{sha256!r} is not a SHA-256")
        return self.folder / sha256[:2] / sha256[2:4] / sha256


def open_librarian(store: str) -> ILibrarian:
    """Return the librarian of a store that is named as in the conf file: ``file:FOLDER``."""
    kind, _, place = store.partition(":")
    if kind != "file":
        raise BuildmasterError(f"the librarian can't keep files in {store!r}: only file:FOLDER is known")
    return FolderLibrarian(Path(place))


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


def _open_new(path: Path) -> int:
    """Open a file that is not there yet; make its folder where that is missing."""
    try:
        return os.open(path, NEW, 0o644)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, NEW, 0o644)


def _write(file: BinaryIO, piece: bytes) -> None:
    """Write all of it: one call may take a part only, where the disk is nearly full."""
    left = memoryview(piece)
    while left:
        left = left[file.write(left) :]
