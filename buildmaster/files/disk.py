"""Know when the farm's disk is nearly full."""

import shutil
from collections.abc import Callable
from pathlib import Path

from buildmaster.errors import BuildmasterError

UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")
STEP = 1024


class DiskLowError(BuildmasterError):
    """There is too little room on the disk for taking in results."""


class NotWrittenError(BuildmasterError):
    """The disk did not take what was to be kept: nobody's fault on a farm, and to be tried again."""


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


class Disk:
    """The disk that the farm's root is on; with less than ``least`` bytes free nothing is dispatched."""

    def __init__(self, root: Path, least: int, free: Callable[[Path], int] = _free) -> None:
        self._root = root
        self._least = least
        self._free = free

    @property
    def free(self) -> int:
        """The bytes that are free."""
        return self._free(self._root)

    @property
    def low(self) -> bool:
        """Whether that is too little."""
        return self.free < self._least

    @property
    def shortage(self) -> str | None:
        """What is short, in words; None where there is room."""
        free = self.free
        if free >= self._least:
            return None
        return (
            f"{in_words(free)} are free below {self._root}, less than the {in_words(self._least)} of"
            " [limits] free_space: nothing is dispatched until there is room"
        )

    def check(self) -> None:
        """Raise DiskLowError where that is too little."""
        if (shortage := self.shortage) is not None:
            raise DiskLowError(shortage)


def in_words(size: float) -> str:
    """Return a size as people read it."""
    for unit in UNITS[:-1]:
        if size < STEP:
            return f"{size:.4g} {unit}"
        size /= STEP
    return f"{size:.4g} {UNITS[-1]}"
