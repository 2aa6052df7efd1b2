"""The files that a slave holds: what masters sent by SHA-1, and what the last build left."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from buildmaster.workers.buildd.leftovers import remove_tree
from buildmaster.workers.buildd.orders import SAFE_SHA1

BUILDLOG = "buildlog"
KEEP = 4 * 2**30


class FileCache:
    """Two folders, so that the results of a build can be thrown away without losing a file that a master sent.

    ``keep`` is how many bytes of sent files stay when a build is over; those unused for longest go first.
    """

    def __init__(self, folder: Path, keep: int = KEEP) -> None:
        self.folder = folder
        self._sent = folder / "filecache"
        self._results = folder / "results"
        self._keep = keep

    def prepare(self) -> None:
        """Make the folders, and remove what builds of an earlier life left."""
        for leftover in (self._results, *self.folder.glob("build-*")):
            remove_tree(leftover)
        for part in self._sent.glob("*.part"):
            part.unlink()
        self._results.mkdir(parents=True)
        self._sent.mkdir(exist_ok=True)

    @property
    def log(self) -> Path:
        """Where the log of the build is."""
        return self._results / BUILDLOG

    def sent(self, sha1: str) -> Path:
        """Return where the file with that SHA-1 is, or would be."""
        return self._sent / sha1

    def has(self, sha1: object) -> bool:
        """Tell whether a master sent that file; nonsense was never sent."""
        return isinstance(sha1, str) and bool(SAFE_SHA1.fullmatch(sha1)) and self.sent(sha1).exists()

    def lend(self, sha1: str, path: Path) -> None:
        """Put a sent file at ``path`` too, as a build's own name for it."""
        os.utime(self.sent(sha1))
        os.link(self.sent(sha1), path)

    def find(self, name: str) -> Path | None:
        """Return the file that is served under ``name``: a SHA-1 or ``buildlog``."""
        if name != BUILDLOG and not SAFE_SHA1.fullmatch(name):
            return None
        return next((folder / name for folder in (self._results, self._sent) if (folder / name).exists()), None)

    def take(self, files: Iterable[Path]) -> dict[str, str]:
        """Move a build's results in; return their SHA-1s by name. Reads them all: call it in a thread."""
        filemap = {}
        for path in files:
            filemap[path.name] = _sha1(path)
            path.replace(self._results / filemap[path.name])
        return filemap

    def drop_results(self) -> None:
        """Forget what the last build left, and the sent files that there is no room for."""
        for path in self._results.iterdir():
            path.unlink()
        self._prune()

    def _prune(self) -> None:
        room = self._keep
        for path in sorted(self._sent.glob("?" * 40), key=lambda path: path.stat().st_mtime, reverse=True):
            room -= path.stat().st_size
            if room < 0:
                path.unlink()


def _sha1(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha1").hexdigest()
