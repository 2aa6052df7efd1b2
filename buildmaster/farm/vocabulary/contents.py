"""What a file holds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Content:
    """What a file holds: its digests in hexadecimal, its size in bytes."""

    sha256: str
    sha1: str
    size: int
