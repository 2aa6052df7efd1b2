"""Read and compare the versions of packages, as Debian Policy 5.6.12 says."""

import re

VERSION = re.compile(r"(?:(?P<epoch>[0-9]+):)?(?P<upstream>[A-Za-z0-9.+:~-]+?)(?:-(?P<revision>[A-Za-z0-9+.~]+))?")
PIECES = re.compile(r"([^0-9]*)([0-9]*)")
LONGEST = 255  # characters; more would not fit a file's name

Part = tuple[tuple[tuple[int, ...], int], ...]
Key = tuple[int, Part, Part]


def is_version(text: str) -> bool:
    """Tell whether a package may have the version.

    It begins with a digit, and a hyphen in it needs a revision after.
    """
    match = _parsed(text) if len(text) <= LONGEST else None
    if match is None or not match["upstream"][0].isdigit():
        return False
    return match["revision"] is not None or "-" not in match["upstream"]


def version_key(version: str) -> Key:
    """Return what sorts versions: a later version has a greater key.

    A relation may name one that no package may have, such as ``(>= a)``. Raise ValueError for what is none at all.
    """
    match = _parsed(version)
    if match is None:
        raise ValueError(f"{version!r} is no version")
    return int(match["epoch"] or 0), _key(match["upstream"]), _key(match["revision"] or "0")


def without_epoch(version: str) -> str:
    """Return the version as file names have it."""
    return version.partition(":")[2] or version


def _parsed(text: str) -> re.Match[str] | None:
    """Return the parts of a version; a colon in what is neither epoch nor revision needs an epoch before."""
    match = VERSION.fullmatch(text)
    return None if match is None or (match["epoch"] is None and ":" in match["upstream"]) else match


def _key(part: str) -> Part:
    """Return a sequence of what is no digits, letter by letter, and of numbers."""
    return tuple(((*map(_weight, words), 0), int(number or 0)) for words, number in PIECES.findall(part))


def _weight(letter: str) -> int:
    """Return a weight: a tilde before the end (which is 0), that before letters, and those before all else."""
    if letter == "~":
        return -1
    return ord(letter) if letter.isalpha() else ord(letter) + 256
