"""The private folder in which a build's results come together, below gathering/, and their landing in incoming/.

Beside the folder lies the log, until the database knows it: a master that is killed meanwhile finds both. All calls
block, so make them in a thread.
"""

import hashlib
import os
import shutil
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from buildmaster.farm.facts import Content
from buildmaster.farm.filenames import is_safe
from buildmaster.folders import GATHERING, INCOMING
from buildmaster.librarian import ILibrarian, sync_folder, write
from buildmaster.logfiles import LogFile

FileMap = tuple[tuple[str, str], ...]  # names and SHA-1s


class WrongContentError(Exception):
    """A file is not what was promised; the message says which."""


@dataclass(frozen=True)
class Found:
    """What a master that was killed had done: the folder that has landed, and the sizes of the files that are whole."""

    leaf: str | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Gathered:
    """What was fetched: the log, in the librarian or held; and the results that are held, the others lie in the folder.

    ``leaf`` is where they have landed, if they have.
    """

    log: Content | bytes
    held: Mapping[str, bytes]
    leaf: str | None = None


class GatheringFolders:
    """The private folders of a farm, by the cookies of attempts."""

    def __init__(self, root: Path, librarian: ILibrarian, now: Callable[[], datetime]) -> None:
        self._root = root
        self._librarian = librarian
        self._now = now
        self._over: deque[str] = deque()

    def path(self, cookie: str, name: str) -> Path:
        """Return where a result is to be written that is too big to be held."""
        return self._folder(cookie) / name

    def log_file(self, cookie: str) -> LogFile:
        """Return what takes a log that is too big to be held."""
        return LogFile(self._log(cookie), self._librarian)

    def kept_log(self, cookie: str) -> Content | None:
        """Return what the log is, if a master that was killed had fetched it."""
        log = self._log(cookie)
        return self._librarian.add(log) if log.exists() else None

    def keep_log(self, cookie: str, log: Content | bytes) -> Content:
        """Keep the log, unless it is kept already."""
        return log if isinstance(log, Content) else self.log_file(cookie).finish(log)

    def found(self, cookie: str, filemap: FileMap) -> Found:
        """Return what a master that was killed had done of the results."""
        safe = [(name, sha1) for name, sha1 in filemap if is_safe(name)]
        return Found(self.landed(cookie), _whole(self._folder(cookie), safe))

    def landed(self, cookie: str) -> str | None:
        """Return the name of the folder in incoming/ that holds the results of the attempt, if they are there."""
        found = sorted((self._root / INCOMING).glob(f"*-*-{cookie}"))
        exact = [path.name for path in found if path.name.split("-", 2)[2] == cookie]
        return exact[0] if exact else None

    def land(self, cookie: str, gathered: Gathered, filemap: FileMap) -> tuple[Content, str]:
        """Keep the log, and move the whole results, flushed to the disk, into incoming/ by one rename.

        Return what the log is, and the folder's name there. Raise WrongContentError for a held file that is not what
        ``filemap`` promises: the log is kept then, and nothing lands.
        """
        self._forget_those_over()
        log = self.keep_log(cookie, gathered.log)
        if gathered.leaf is not None:
            return log, gathered.leaf
        for name, sha1 in filemap:
            if name in gathered.held:
                check(name, sha1, hashlib.sha1(gathered.held[name], usedforsecurity=False).hexdigest())
        return log, self._move_in(cookie, gathered.held)

    def _move_in(self, cookie: str, held: Mapping[str, bytes]) -> str:
        folder, incoming = self._folder(cookie), self._root / INCOMING
        leaf = f"{self._now():%Y%m%d-%H%M%S}-{cookie}"
        _make(folder)
        _write_all(folder, held)
        sync_folder(folder)
        folder.rename(incoming / leaf)
        sync_folder(incoming)
        return leaf

    def over(self, cookie: str) -> None:
        """Let the log of an attempt that has landed go, when the next lands. This call does not block."""
        self._over.append(cookie)

    def _forget_those_over(self) -> None:
        while self._over:
            self._log(self._over.popleft()).unlink(missing_ok=True)

    def forget(self, cookie: str) -> None:
        """Drop what was fetched on the way."""
        self._log(cookie).unlink(missing_ok=True)
        shutil.rmtree(self._folder(cookie), ignore_errors=True)

    def _folder(self, cookie: str) -> Path:
        return self._root / GATHERING / cookie

    def _log(self, cookie: str) -> Path:
        return self._root / GATHERING / f"{cookie}.log.gz"


def check(name: str, promised: str, sha1: str) -> None:
    """Raise WrongContentError where a file is not what was promised."""
    if sha1 != promised:
        raise WrongContentError(f"{name} is not what was promised: SHA-1 {sha1}, not {promised}")


def _make(folder: Path) -> None:
    """Make the folder, unless a file was written into it already."""
    try:
        folder.mkdir()
    except FileExistsError:
        return
    except FileNotFoundError:
        folder.mkdir(parents=True)


def _write_all(folder: Path, held: Mapping[str, bytes]) -> None:
    """Write files, flushed to the disk."""
    for name, content in held.items():
        with (folder / name).open("wb", buffering=0) as file:
            write(file, content)
            os.fsync(file.fileno())


def _whole(folder: Path, files: Collection[tuple[str, str]]) -> dict[str, int]:
    """Return the sizes of those of the files that are in the folder, with the content of their SHA-1."""
    there = [(folder / name, sha1) for name, sha1 in files if (folder / name).exists()]
    return {path.name: path.stat().st_size for path, sha1 in there if _sha1(path) == sha1}


def _sha1(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha1").hexdigest()
