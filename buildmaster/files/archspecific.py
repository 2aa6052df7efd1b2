"""The Packages-arch-specific files of the farm, read again when they change."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from buildmaster.farm.queue.archspecific import NO_ARCH_SPECIFIC, ArchSpecific, read_arch_specific

ARCH_SPECIFIC = "Packages-arch-specific"


@dataclass(frozen=True)
class ArchSpecificFile:
    """What a file said when it was last read, and the SHA-256 of that."""

    digest: str | None = None
    content: ArchSpecific = NO_ARCH_SPECIFIC


NO_FILE = ArchSpecificFile()


class ArchSpecificFiles:
    """The Packages-arch-specific files below the root, read again when they change.

    A series' own, ``Packages-arch-specific.DISTRIBUTION.SERIES``, wins over ``Packages-arch-specific``, for all.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read: dict[Path, tuple[tuple[int, int, int], ArchSpecificFile]] = {}

    def of(self, distribution: str, series: str) -> ArchSpecificFile:
        """Return what holds for a series; nothing is restricted where there is no file."""
        for name in (f"{ARCH_SPECIFIC}.{distribution}.{series}", ARCH_SPECIFIC):
            path = self._root / name
            if path.is_file():
                return self._current(path)
        return NO_FILE

    def followed(self, series: Mapping[int, tuple[str, str, str | None]]) -> dict[int, ArchSpecific]:
        """Return by id what holds for each series whose file is still the one that it followed last.

        ``series`` has of each the distribution, the name and the SHA-256 of that file.
        """
        files = {id_: (self.of(distribution, name), digest) for id_, (distribution, name, digest) in series.items()}
        return {id_: file.content for id_, (file, digest) in files.items() if file.digest == digest}

    def _current(self, path: Path) -> ArchSpecificFile:
        there = path.stat()
        stamp = there.st_mtime_ns, there.st_size, there.st_ino
        if self._read.get(path, (None, NO_FILE))[0] != stamp:
            self._read[path] = stamp, _read(path)
        return self._read[path][1]


def _read(path: Path) -> ArchSpecificFile:
    content = path.read_bytes()
    return ArchSpecificFile(sha256(content).hexdigest(), read_arch_specific(content.decode(errors="replace")))
