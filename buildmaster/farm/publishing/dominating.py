"""Decide which publications of binaries are replaced by others of the same name in the same place."""

from collections.abc import Iterable
from dataclasses import dataclass

from buildmaster.farm.vocabulary.versions import Key, is_version, version_key

Place = tuple[int, int, int, str, str]  # archive, architecture, pocket, kind, name
LOWEST: Key = (-1, (), ())


@dataclass(frozen=True)
class PublishedBinary:
    """An active publication of a binary; the newest of a place has its greatest id."""

    id: int
    place: Place
    version: str


def replaced(binaries: Iterable[PublishedBinary]) -> frozenset[int]:
    """Return the ids of those that have a later version, or the same one published later, in their place."""
    best: dict[Place, PublishedBinary] = {}
    losers = set()
    for binary in binaries:
        other = best.setdefault(binary.place, binary)
        if other is not binary:
            winner, loser = (binary, other) if _rank(binary) > _rank(other) else (other, binary)
            best[binary.place] = winner
            losers.add(loser.id)
    return frozenset(losers)


def _rank(binary: PublishedBinary) -> tuple[Key, int]:
    return (version_key(binary.version) if is_version(binary.version) else LOWEST), binary.id
