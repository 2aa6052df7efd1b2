"""The folders of uploads below the farm's root: they land in incoming/ whole, and are settled with their log."""

import errno
import fcntl
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from buildmaster.errors import BuildmasterError
from buildmaster.files.layout import ACCEPTED, FAILED, INCOMING, REJECTED
from buildmaster.files.writing import sync_folder, write

LOG_NAME = "uploader.log"
LONGEST_WORDS = 150  # characters of a leaf's name that tell what it is
LONGEST_LOG = 1 << 20  # bytes of another's log that are taken over
LOCK_NAME = "uploader.lock"
FOLDER_MODE = os.R_OK | os.W_OK | os.X_OK  # without all of it a folder can't be read, moved and emptied
PLACES = (INCOMING, ACCEPTED, REJECTED, FAILED)
TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR)  # what a rename says where something has the name
RESULTS = re.compile(r"[0-9]{8}-[0-9]{6}-(?P<cookie>[0-9]+-[0-9]+(?:-[0-9]+)?)(?:\.[0-9]+)?")


class LockedError(BuildmasterError):
    """Another process takes in uploads of this farm."""


class LeafLog:
    """The log of one upload: lines that begin with their level, padded to 8 columns.

    Some of its lines are the classic uploader's to the letter, for people search logs for them, though they say little
    of what is done here: "Initialising connection.", "Rolling back any remaining transactions."
    """

    def __init__(self) -> None:
        self._lines: list[str] = []

    @property
    def text(self) -> str:
        """All lines so far."""
        return "".join(f"{line}\n" for line in self._lines)

    def follow(self, other: "LeafLog") -> None:
        """Begin with the steps that another tells."""
        self._lines += other.text.splitlines()

    def debug(self, words: str) -> None:
        """Tell a step."""
        self._add("DEBUG", words)

    def info(self, words: str) -> None:
        """Tell what somebody should know."""
        self._add("INFO", words)

    def error(self, words: str) -> None:
        """Tell why the upload is refused."""
        self._add("ERROR", words)

    def include(self, path: Path) -> None:
        """Take over the lines of a log that somebody else wrote, if it is there."""
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                self._lines += file.read(LONGEST_LOG).decode("utf-8", "replace").splitlines()

    def _add(self, level: str, words: str) -> None:
        self._lines += [f"{level:<8}{line}" for line in words.splitlines()]


@contextmanager
def locked(root: Path, steps: LeafLog) -> Iterator[None]:
    """Hold the farm's lock on uploads; raise LockedError where another process has it. It dies with its process."""
    steps.info("creating lockfile")
    root.mkdir(parents=True, exist_ok=True)
    with (root / LOCK_NAME).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LockedError(f"another process takes in the uploads of {root}") from error
        yield


def prepare(root: Path, steps: LeafLog) -> None:
    """Make the folders that are missing."""
    for folder in (root / name for name in PLACES):
        if not folder.is_dir():
            steps.debug(f"Creating directory {folder}")
            folder.mkdir(parents=True, exist_ok=True)


def open_leaf(root: Path, now: datetime, name: str) -> Path:
    """Return a new folder in incoming/ that is to be filled, for the upload of the file ``name``.

    It begins with a dot: the uploader's turn lets it alone.
    """
    incoming = root / INCOMING
    incoming.mkdir(parents=True, exist_ok=True)
    words = re.sub(r"[^A-Za-z0-9.+~_-]", "", name.rpartition(".")[0])[:LONGEST_WORDS]
    path = _free(incoming, f".{now:%Y%m%d-%H%M%S}-{words}")
    path.mkdir()
    return path


def landed(root: Path) -> list[Path]:
    """Return the leaves in incoming/, oldest name first. Those whose names begin with a dot are not whole yet."""
    incoming = root / INCOMING
    try:
        with os.scandir(incoming) as entries:
            names = [entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir()]
    except FileNotFoundError:
        return []
    return [incoming / name for name in sorted(names)]


def landed_cookies(root: Path) -> frozenset[str]:
    """Return the cookies of the attempts whose results are in incoming/."""
    return frozenset(cookie for cookie in (cookie_of(leaf.name) for leaf in landed(root)) if cookie is not None)


def find(root: Path, name: str) -> Path | None:
    """Return where the leaf is, wherever it was settled; None where it is gone."""
    places = (Path(f"{root}/{place}/{name}") for place in PLACES if name)
    return next((place for place in places if place.is_dir()), None)


def out_of_reach(leaves: Iterable[Path]) -> dict[Path, Path]:
    """Return those leaves that we may not read or move, each with what in it is the first that we may not."""
    firsts = {leaf: next(_forbidden(leaf), None) for leaf in leaves}
    return {leaf: path for leaf, path in firsts.items() if path is not None}


def _forbidden(leaf: Path) -> Iterator[Path]:
    if not os.access(leaf, FOLDER_MODE):
        yield leaf
    for folder, folders, files in os.walk(leaf):
        needed = {Path(folder, name): os.R_OK for name in files}
        needed |= {Path(folder, name): FOLDER_MODE for name in folders}
        yield from (path for path, mode in needed.items() if not path.is_symlink() and not os.access(path, mode))


def cookie_of(name: str) -> str | None:
    """Return the cookie of the attempt whose results a leaf holds, or None for another upload."""
    match = RESULTS.fullmatch(name)
    return match["cookie"] if match else None


def settle(root: Path, leaf: Path, place: str, steps: LeafLog) -> Path:
    """Write the log into the leaf, and move that to ``place`` (one of PLACES) unless it is there already.

    That is flushed to the disk, but for the log.
    """
    write_log(leaf, steps)
    target = move(root, leaf, place)
    for folder in {target.parent, root / INCOMING}:
        sync_folder(folder)
    return target


def move(root: Path, leaf: Path, place: str) -> Path:
    """Move the leaf to ``place`` unless it is there; that is not flushed to the disk."""
    target = root / place / leaf.name.lstrip(".")
    if leaf.parent == target.parent:
        return leaf
    try:
        return leaf.rename(target)
    except FileNotFoundError:
        target.parent.mkdir(parents=True, exist_ok=True)
        return leaf.rename(target)
    except OSError as error:
        if error.errno not in TAKEN:
            raise
    return leaf.rename(_free(target.parent, target.name))


def write_log(leaf: Path, steps: LeafLog) -> Path:
    """Write the log into the leaf. Whatever is there is removed: a link must not lead it elsewhere.

    It is not flushed to the disk: it is for people to read, and says nothing that is not recorded elsewhere.
    """
    path = leaf / LOG_NAME
    try:
        file = _new(path)
    except FileExistsError:
        path.unlink()
        file = _new(path)
    with file:
        write(file, steps.text.encode("utf-8", "backslashreplace"))
    return path


def _new(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb", buffering=0)


def _free(folder: Path, name: str) -> Path:
    """Return a path in ``folder`` that nothing has."""
    path, number = folder / name, 0
    while path.exists():
        number += 1
        path = folder / f"{name}.{number}"
    return path
