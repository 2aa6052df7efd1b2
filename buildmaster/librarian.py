"""Keep files by their SHA-256.

A content is written under a temporary name, flushed to the disk and only then renamed into its place, so what has its
place is whole, after a crash too. All calls block: make them in a thread.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from zope.interface import Interface, implementer

from buildmaster.errors import BuildmasterError
from buildmaster.farm.facts import Content

CHUNK = 1 << 20  # bytes read at a time
DIGEST = re.compile(r"[0-9a-f]{64}")
TEMPORARY = "new"  # the folder, beside the contents, of those that are being written


class NotKeptError(BuildmasterError):
    """The librarian has no such content."""


class ILibrarian(Interface):
    """A keeper of contents. ``sha256`` is in small hexadecimal letters everywhere."""

    def add(path: Path) -> Content:
        """Keep a copy of the file at ``path``, and return what it holds. The same content twice is kept once."""

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
        temporary = self.folder / TEMPORARY
        temporary.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=temporary, delete=False) as copy:
            try:
                content = _copy(path, copy)
                self._keep(Path(copy.name), content.sha256)
            except BaseException:
                Path(copy.name).unlink(missing_ok=True)
                raise
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

    def _keep(self, copy: Path, sha256: str) -> None:
        place = self._place(sha256)
        made = not place.parent.is_dir()
        place.parent.mkdir(parents=True, exist_ok=True)
        copy.chmod(0o644)
        copy.rename(place)
        for folder in (place.parent, place.parent.parent, self.folder) if made else (place.parent,):
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


def _copy(path: Path, copy: BinaryIO) -> Content:
    """Copy the file at ``path`` and flush the copy to the disk; both digests come of the one reading."""
    sha256, sha1, size = hashlib.sha256(), hashlib.sha1(usedforsecurity=False), 0
    with path.open("rb") as original:
        for chunk in chunks(original):
            sha256.update(chunk)
            sha1.update(chunk)
            copy.write(chunk)
            size += len(chunk)
    copy.flush()
    os.fsync(copy.fileno())
    return Content(sha256.hexdigest(), sha1.hexdigest(), size)
