"""The private folder in which a build's results come together, below gathering/, and their landing in incoming/.

Beside the folder lies the log, until the database knows it: a master that is killed meanwhile finds both. All calls
block, so make them in a thread.
"""

import hashlib
import os
import shutil
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from twisted.python.failure import Failure

from buildmaster.farm.vocabulary.contents import Content
from buildmaster.farm.vocabulary.filenames import is_safe
from buildmaster.files.layout import GATHERING, INCOMING
from buildmaster.files.librarian import ILibrarian
from buildmaster.files.uploadfolders import cookie_of, landed
from buildmaster.files.writing import READ_ONLY, Written, content_of, sync_folder, write_flushed
from buildmaster.tasks.scanner.logfile import LogFile, LogPacker, adopt_logs, partial

FileMap = tuple[tuple[str, str], ...]  # names and SHA-1s


class WrongContentError(Exception):
    """A file is not what was promised; the message says which."""


@dataclass(frozen=True)
class Found:
    """What a master that was killed had done: the folder that has landed, and the sizes of the files that are whole."""

    leaf: str | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class FetchedResults:
    """What came of the results: those that are held, the others lie in the folder; or where they have landed.

    ``fault`` says why there are none.
    """

    held: Mapping[str, bytes] = field(default_factory=dict)
    leaf: str | None = None
    fault: str = ""


@dataclass(frozen=True)
class FetchedBuild:
    """All that a slave was to hand over: the log, in the librarian or held, and the results of ``filemap``."""

    cookie: str
    filemap: FileMap
    log: Content | bytes
    results: FetchedResults = field(default_factory=FetchedResults)


Landed = tuple[Content, str]  # what the log is, and the folder's name in incoming/


class FetchFolders:
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

    def keep_instead(self, cookie: str, words: bytes) -> Content:
        """Keep what takes the place of a log that can't be had; another master may have it yet."""
        content = self.keep_log(cookie, words)
        self._log(cookie).unlink(missing_ok=True)
        return content

    def keep_log(self, cookie: str, log: Content | bytes) -> Content:
        """Keep the log, unless it is kept already."""
        return log if isinstance(log, Content) else self.log_file(cookie).finish(log)

    def found(self, cookie: str, filemap: FileMap) -> Found:
        """Return what a master that was killed had done of the results."""
        safe = [(name, sha1) for name, sha1 in filemap if is_safe(name)]
        leaf = next((leaf.name for leaf in landed(self._root) if cookie_of(leaf.name) == cookie), None)
        return Found(leaf, _whole(self._folder(cookie), safe))

    def land(self, things: Sequence[FetchedBuild]) -> list[Landed | Failure]:
        """Keep the logs, and move the whole results, flushed to the disk, into incoming/, each by one rename.

        Return for each where it has landed, or the Failure of that: a WrongContentError for a held file that is not
        what was promised, whose log is kept then. Where this raises nothing has landed.
        """
        self._forget_those_over()
        wrong = {thing.cookie: error for thing in things for error in _wrong(thing)}
        there = {thing.cookie: thing.results.leaf for thing in things if thing.results.leaf is not None}
        landing = [thing for thing in things if thing.cookie not in there | wrong]
        logs = self._write(things, landing)
        leaves = self._move_in([thing.cookie for thing in landing]) | there
        leaves |= {cookie: Failure(error) for cookie, error in wrong.items()}
        ends = [(logs[thing.cookie], leaves[thing.cookie]) for thing in things]
        return [leaf if isinstance(leaf, Failure) else (log, leaf) for log, leaf in ends]

    def _write(self, things: Sequence[FetchedBuild], landing: Sequence[FetchedBuild]) -> dict[str, Content]:
        """Write the logs that are held, and the results of those that are to land; return what the logs are.

        All is flushed together, which costs the disk less than one by one.
        """
        packed = {thing.cookie: LogPacker().finish(thing.log) for thing in things if isinstance(thing.log, bytes)}
        files = [Written(partial(self._log(cookie)), log) for cookie, log in packed.items()]
        for thing in landing:
            folder, held = self._folder(thing.cookie), thing.results.held
            _make(folder, {name for name, _ in thing.filemap} - held.keys())
            files += [Written(folder / name, content, READ_ONLY) for name, content in held.items()]
        write_flushed(files)
        logs = {cookie: content_of(log) for cookie, log in packed.items()}
        adopt_logs([(self._log(cookie), content) for cookie, content in logs.items()], self._librarian)
        return {thing.cookie: logs[thing.cookie] if isinstance(thing.log, bytes) else thing.log for thing in things}

    def _move_in(self, cookies: Sequence[str]) -> dict[str, str | Failure]:
        """Move folders into incoming/; return their names there, or why one could not be moved, or not for certain."""
        for cookie in cookies:
            sync_folder(self._folder(cookie))
        leaves = {cookie: self._moved_in(cookie) for cookie in cookies}
        try:
            if cookies:
                sync_folder(self._root / INCOMING)
        except OSError as error:
            return {cookie: Failure(error) for cookie in cookies}
        return leaves

    def _moved_in(self, cookie: str) -> str | Failure:
        leaf = f"{self._now():%Y%m%d-%H%M%S}-{cookie}"
        try:
            _move(self._folder(cookie), self._root / INCOMING / leaf)
        except OSError:
            return Failure()
        return leaf

    def over(self, cookie: str) -> None:
        """Let the log of an attempt that has landed go, when the next lands. This call does not block."""
        self._over.append(cookie)

    def _forget_those_over(self) -> None:
        with suppress(IndexError):  # none is left: other threads take some too
            while True:
                self._log(self._over.popleft()).unlink(missing_ok=True)

    def forget(self, cookie: str) -> None:
        """Drop what was fetched on the way."""
        self._log(cookie).unlink(missing_ok=True)
        shutil.rmtree(self._folder(cookie), ignore_errors=True)

    def _folder(self, cookie: str) -> Path:
        return self._root / GATHERING / cookie

    def _log(self, cookie: str) -> Path:
        return self._root / GATHERING / f"{cookie}.log.gz"


def wrong_content(name: str, promised: str, sha1: str) -> WrongContentError:
    """Return what is to be raised where a file is not what was promised."""
    return WrongContentError(f"{name} is not what was promised: SHA-1 {sha1}, not {promised}")


def _make(folder: Path, names: Collection[str]) -> None:
    """Make the folder if no file of these names was written into it; let nothing else be there than those.

    Raise FileNotFoundError where one of them is gone.
    """
    try:
        folder.mkdir()
    except FileExistsError:
        for path in folder.iterdir():
            if path.name not in names:
                path.unlink()
    except FileNotFoundError:
        folder.mkdir(parents=True)
    for name in names:
        (folder / name).lstat()


def _move(folder: Path, target: Path) -> None:
    try:
        folder.rename(target)
    except FileNotFoundError:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(target)


def _wrong(thing: FetchedBuild) -> Iterator[WrongContentError]:
    """Yield an error for each held file that is not what was promised."""
    held = thing.results.held
    for name, promised in thing.filemap:
        sha1 = hashlib.sha1(held[name], usedforsecurity=False).hexdigest() if name in held else promised
        if sha1 != promised:
            yield wrong_content(name, promised, sha1)


def _whole(folder: Path, files: Collection[tuple[str, str]]) -> dict[str, int]:
    """Return the sizes of those of the files that are in the folder, with the content of their SHA-1."""
    there = [(folder / name, sha1) for name, sha1 in files if (folder / name).exists()]
    return {path.name: path.stat().st_size for path, sha1 in there if _flushed_sha1(path) == sha1}


def _flushed_sha1(path: Path) -> str:
    """Return a file's SHA-1; flush it to the disk: who wrote it may have been killed before."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha1").hexdigest()
