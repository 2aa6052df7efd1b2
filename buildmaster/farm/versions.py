"""Read and compare the versions of packages, as Debian Policy 5.6.12 says."""

import re

VERSION = re.compile(r"(?:(?P<epoch>[0-9]+):)?(?P<upstream>[0-9][A-Za-z0-9.+:~-]*?)(?:-(?P<revision>[A-Za-z0-9+.~]+))?")
PIECES = re.compile(r"([^0-9]*)([0-9]*)")
LONGEST = 255  # characters; more would not fit a file's name

Part = tuple[tuple[tuple[int, ...], int], ...]
Key = tuple[int, Part, Part]


def is_version(text: str) -> bool:
    """Tell whether the text can be a version: a colon in it needs an epoch before, a hyphen a revision after."""
    match = VERSION.fullmatch(text) if len(text) <= LONGEST else None
    return match is not None and not (
        (match["epoch"] is None and ":" in match["upstream"])
        or (match["revision"] is None and "-" in match["upstream"])
    )


def version_key(version: str) -> Key:
    """Return what sorts versions: a later version has a greater key. ValueError is raised for what is no version."""
    match = VERSION.fullmatch(version)
    if match is None:
        raise ValueError(f"{version!r} is no version")
    return int(match["epoch"] or 0), _key(match["upstream"]), _key(match["revision"] or "0")


def without_epoch(version: str) -> str:
    """Return the version as file names have it."""
    return version.partition(":")[2] or version


def _key(part: str) -> Part:
    """Return a sequence of what is no digits, letter by letter, and of numbers."""
    return tuple(((*map(_weight, words), 0), int(number or 0)) for words, number in PIECES.findall(part))


def _weight(letter: str) -> int:
    """Return a weight: a tilde before the end (which is 0), that before letters, and those before all else."""
    if letter == "~":
        return -1
    return ord(letter) if letter.isalpha() else ord(letter) + 256
