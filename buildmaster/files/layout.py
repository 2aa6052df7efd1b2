"""The folders below a farm's root."""

from pathlib import Path

INCOMING, ACCEPTED, REJECTED, FAILED = "incoming", "accepted", "rejected", "failed"
GATHERING = "gathering"  # results that are being fetched, a folder each, by cookie
FETCHING = "fetching"  # files of imported sources and mirrors, while they come
FOLDERS = (INCOMING, ACCEPTED, REJECTED, FAILED, GATHERING, FETCHING)


def make_folders(root: Path, *others: Path) -> None:
    """Make those that are missing, and any others."""
    for folder in (*(root / name for name in FOLDERS), *others):
        folder.mkdir(parents=True, exist_ok=True)
