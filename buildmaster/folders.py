"""The folders below a farm's root."""

from pathlib import Path

INCOMING, ACCEPTED, REJECTED, FAILED = "incoming", "accepted", "rejected", "failed"
FOLDERS = (INCOMING, ACCEPTED, REJECTED, FAILED)


def make_folders(root: Path) -> None:
    """Make those that are missing."""
    for name in FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)
