"""Keep files by their SHA-256.

A content is written under a temporary name, flushed to the disk and only then renamed into its place, so what has its
place is whole, after a crash too. All calls block: make them in a thread.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from math import inf
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO, Self

from zope.interface import Interface, implementer

from buildmaster.errors import BuildmasterError
from buildmaster.farm.vocabulary.contents import Content
from buildmaster.files.writing import FLUSHED_AT_ONCE, SMALL, Digests, batched, chunks, content_of, sync_folder, write

DIGEST = re.compile(r"[0-9a-f]{64}")
TEMPORARY = "new"  # the folder, beside the contents, of those that are being written

DROPPED = ".dropped"  # what is added to the name of a content that is put aside there


class NotKeptError(BuildmasterError):
    """The librarian has no such content."""


class ILibrarian(Interface):
    """A keeper of contents. ``sha256`` is in small hexadecimal letters everywhere."""

    def add(path: Path) -> Content:
        """Keep a copy of the file at ``path``, and return what it holds. The same content twice is kept once."""

    def add_all(paths: Sequence[Path]) -> list[Content]:
        """Keep copies of files; return what they hold, in the same order. Many together cost less."""

    def adopt_all(files: Sequence[tuple[Path, Content]]) -> None:
        """Keep files without copying them, where that can be. Many together cost less.

        They are ours, flushed to the disk, of these contents, and not changed any more.
        """

    def open(sha256: str) -> BinaryIO:
        """Return the content, opened for reading; raise NotKeptError where there is none."""

    def path(sha256: str) -> Path:
        """Return where the content can be read from the disk; raise NotKeptError where there is none."""

    def drop(sha256: str, before: float = inf) -> bool:
        """Forget the content if it is there and was last added before a POSIX time; return whether that was so."""

    def older(beginning: str, before: float) -> tuple[str, ...]:
        """Return the contents whose SHA-256 begins so, in two letters, and that were last added before that time."""

    def clear_up(before: float) -> int:
        """Remove what was begun before a POSIX time and never ended, since its process was killed; return how much."""


@implementer(ILibrarian)
class FolderLibrarian:
    """A librarian whose contents are files in 256 folders: ``12/1234...``.

    With more of them, most of what is added would need a new one, which costs the disk as much as the content does.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, path: Path) -> Content:
        """Keep a copy of the file at ``path``, and return what it holds."""
        return self.add_all((path,))[0]

    def add_all(self, paths: Sequence[Path]) -> list[Content]:
        """Keep copies of files; what has its place already stays there, and is the newer for it."""
        contents: list[Content] = []
        for some in batched(paths, FLUSHED_AT_ONCE):
            contents += self._add_some(some)
        return contents

    def adopt_all(self, files: Sequence[tuple[Path, Content]]) -> None:
        """Link files to their places; copy those that can't be linked, or whose contents have their places already."""
        changed: set[Path] = set()
        left = []
        for path, content in files:
            try:
                os.utime(path)  # it was added just now; before it has its place, so that it is never old there
                changed.update(_moved(os.link, path, self._place(content.sha256), self.folder))
            except OSError:
                left.append(path)
        for folder in changed:
            sync_folder(folder)
        self.add_all(left)

    def _add_some(self, paths: Sequence[Path]) -> list[Content]:
        with Copies(self.folder) as copies:
            new: dict[Path, BinaryIO] = {}
            contents = [self._copy(path, copies, new) for path in paths]
            copies.keep(new)
        return contents

    def _copy(self, path: Path, copies: "Copies", new: dict[Path, BinaryIO]) -> Content:
        """Write a copy of a file that is to go to the place of its content; none of a small one that has its place."""
        with path.open("rb") as file:
            begin = file.read(SMALL)
            digests = Digests()
            if len(begin) == SMALL:
                copy = copies.write(digests.read(chain((begin,), chunks(file))))
                new[self._place(digests.content.sha256)] = copy
                return digests.content
        content = content_of(begin)
        place = self._place(content.sha256)
        if place not in new and not _renewed(place, begin):
            new[place] = copies.write((begin,))
        return content

    def open(self, sha256: str) -> BinaryIO:
        """Return the content, opened for reading."""
        return self.path(sha256).open("rb")

    def path(self, sha256: str) -> Path:
        """Return the file that holds the content."""
        place = self._place(sha256)
        if not place.is_file():
            with suppress(OSError):  # it was being dropped, which a crash may have ended
                os.link(self._aside(sha256), place)
        if not place.is_file():
            raise NotKeptError(f"the librarian has no content {sha256} in {self.folder}")
        return place

    def drop(self, sha256: str, before: float = inf) -> bool:
        """Put the file aside, and look at it again: who adds it then finds it gone, or had made it newer before."""
        place, aside = self._place(sha256), self._aside(sha256)
        if not place.is_file() or not _is_older(place, before):
            return False
        _moved(os.rename, place, aside, self.folder)
        old = _is_older(aside, before)
        if not old:
            with suppress(FileExistsError):  # it was copied there meanwhile
                os.link(aside, place)
            sync_folder(place.parent)
        aside.unlink()
        return old

    def older(self, beginning: str, before: float) -> tuple[str, ...]:
        """Return the contents of one folder that were last added before a POSIX time."""
        paths = (self.folder / beginning).glob("*")
        return tuple(path.name for path in paths if DIGEST.fullmatch(path.name) and _is_older(path, before))

    def clear_up(self, before: float) -> int:
        """Remove copies that never came to their places; what was put aside to be dropped goes back to its place.

        That may be wanted: who finds it nameless there drops it again.
        """
        return sum(self._cleared(path, before) for path in (self.folder / TEMPORARY).glob("*"))

    def _cleared(self, path: Path, before: float) -> bool:
        with suppress(FileNotFoundError):  # another process was at work with it
            if path.stat().st_ctime >= before:  # as old as its name: a content is put aside with the time of its own
                return False
            if path.suffix == DROPPED and DIGEST.fullmatch(path.stem):
                place = self._place(path.stem)
                with suppress(FileExistsError):
                    for folder in _moved(os.link, path, place, self.folder):
                        sync_folder(folder)
            path.unlink()
            return True
        return False

    def _aside(self, sha256: str) -> Path:
        return self.folder / TEMPORARY / f"{sha256}{DROPPED}"

    def _place(self, sha256: str) -> Path:
        if not DIGEST.fullmatch(sha256):
            raise NotKeptError(f"{sha256!r} is not a SHA-256")
        return self.folder / sha256[:2] / sha256


class Copies:
    """New contents on their way to their places in a folder. What does not come there is removed in the end.

    They are written first, flushed then, and renamed last: flushing many one after the other costs the disk less than
    what comes between.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: list[BinaryIO] = []

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove what was not kept."""
        for file in self._files:
            file.close()
            Path(file.name).unlink(missing_ok=True)

    def write(self, pieces: Iterable[bytes]) -> BinaryIO:
        """Write a copy; it stays open until it is kept."""
        file = _open_new(self._folder / TEMPORARY / token_hex(16))
        self._files.append(file)
        for piece in pieces:
            write(file, piece)
        return file

    def keep(self, copies: Mapping[Path, BinaryIO]) -> None:
        """Flush the copies to the disk, and rename them into their places."""
        for copy in copies.values():
            os.fsync(copy.fileno())
            copy.close()
        changed = {
            folder
            for place, copy in copies.items()
            for folder in _moved(os.rename, Path(copy.name), place, self._folder)
        }
        self._files = [file for file in self._files if file not in copies.values()]
        for folder in changed:
            sync_folder(folder)


def _moved(move: Callable[[Path, Path], None], copy: Path, place: Path, root: Path) -> tuple[Path, ...]:
    """Bring a file to its place below ``root``; return the folders that have changed."""
    try:
        move(copy, place)
    except FileNotFoundError:
        place.parent.mkdir(parents=True, exist_ok=True)
        move(copy, place)
        return place.parent, root
    return (place.parent,)


def open_librarian(store: str) -> ILibrarian:
    """Return the librarian of a store that is named as in the conf file: ``file:FOLDER``."""
    kind, _, place = store.partition(":")
    if kind != "file":
        raise BuildmasterError(f"the librarian can't keep files in {store!r}: only file:FOLDER is known")
    return FolderLibrarian(Path(place))


def _is_older(path: Path, before: float) -> bool:
    return path.stat().st_mtime < before


def _renewed(place: Path, held: bytes) -> bool:
    """Look whether the content has its place, undamaged; if so, it is as if it had been added just now."""
    try:
        with place.open("rb") as file:
            if file.read(len(held) + 1) != held:
                return False
            os.utime(file.fileno())
            if not os.path.samestat(os.fstat(file.fileno()), place.stat()):  # it was dropped, and another one added
                return False
    except FileNotFoundError:
        return False
    sync_folder(place.parent)  # who renamed it may not have come to that yet
    return True


def _open_new(path: Path) -> BinaryIO:
    """Open a file that is not there yet, without a buffer; make its folder where that is missing."""
    try:
        return path.open("xb", buffering=0)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("xb", buffering=0)
