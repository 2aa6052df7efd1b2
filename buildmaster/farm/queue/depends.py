"""What a build still waits for: Debian's relations and versions, and what to do when something came.

The syntax is Debian Policy 7.1's: groups separated by commas, alternatives by bars, each with a version, architectures
and build profiles; virtual packages are provided with or without a version (7.5).
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from debian.deb822 import PkgRelation

from buildmaster.errors import BuildmasterError
from buildmaster.farm.queue.architectures import ArchitectureTable
from buildmaster.farm.vocabulary.versions import version_key

PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]*")  # Debian Policy 5.6.7, but for the length, which old ones break
ANYWHERE = frozenset({None, "any", "native"})
UNKNOWN_PAUSE = timedelta(hours=1)  # between tries while nobody knows what the archives hold

Signs = tuple[int, ...]
OPERATORS: dict[str, Signs] = {
    "<<": (-1,),
    "<=": (-1, 0),
    "<": (-1, 0),  # as dpkg reads the old form
    "=": (0,),
    ">=": (0, 1),
    ">": (0, 1),
    ">>": (1,),
}


class RelationError(BuildmasterError):
    """The text is no line of dependencies."""


@dataclass(frozen=True)
class Relation:
    """One alternative: a package, and what must hold of it. ``where`` and ``profiles`` are pairs (wanted, word)."""

    name: str
    operator: str | None = None
    version: str | None = None
    qualifier: str | None = None
    where: tuple[tuple[bool, str], ...] = ()
    profiles: tuple[tuple[tuple[bool, str], ...], ...] = ()

    def __str__(self) -> str:
        return f"{self.name} ({self.operator} {self.version})" if self.operator else self.name


Group = tuple[Relation, ...]
Offers = Mapping[
    str, Collection[str | None]
]  # by a package's name: its versions, None where it is provided without one


@lru_cache(maxsize=4096)
def parse_relations(line: str) -> tuple[Group, ...]:
    """Return the groups of alternatives of a line; raise RelationError when it can't be one."""
    if not line.strip():
        return ()
    groups = PkgRelation.parse_relations(line.strip().rstrip(","))
    return tuple(tuple(_relation(alternative) for alternative in group) for group in groups)


def _relation(parsed: Mapping[str, Any]) -> Relation:  # Any: python-debian's dicts hold several types
    name = parsed["name"]
    if not PACKAGE.fullmatch(name):
        raise RelationError(f"{name!r} is no relation")
    operator, version = parsed["version"] or (None, None)
    if operator is not None and (operator not in OPERATORS or not _is_version(version)):
        raise RelationError(f"{name} ({operator} {version}) is no relation")
    where = tuple((bool(wanted), word) for wanted, word in parsed["arch"] or ())
    lists = tuple(tuple((bool(wanted), word) for wanted, word in terms) for terms in parsed["restrictions"] or ())
    return Relation(name, operator, version, parsed["archqual"], where, lists)


def _is_version(text: str | None) -> bool:
    try:
        version_key(text or "")
    except ValueError:
        return False
    return True


def version_holds(found: str, operator: str, wanted: str) -> bool:
    """Tell whether the version ``found`` is as the operator says to the one ``wanted``, as dpkg compares them."""
    one, other = version_key(found), version_key(wanted)
    return ((one > other) - (one < other)) in OPERATORS[operator]


def still_missing(
    line: str,
    offers: Offers,
    tag: str,
    table: ArchitectureTable,
    profiles: frozenset[str] = frozenset(),
) -> str:
    """Return what of a line of dependencies is not on offer for the architecture ``tag``; "" when nothing is missing.

    A group is met by any one of its alternatives. Relations for other architectures or profiles count for nothing.
    """
    groups = (_that_count(group, tag, table, profiles) for group in parse_relations(line))
    missing = [group for group in groups if group and not any(is_met(relation, offers, tag) for relation in group)]
    return ", ".join(" | ".join(map(str, group)) for group in missing)


def _that_count(group: Group, tag: str, table: ArchitectureTable, profiles: frozenset[str]) -> Group:
    return tuple(
        relation for relation in group if _is_for(relation, tag, table) and _is_in(relation.profiles, profiles)
    )


def _is_for(relation: Relation, tag: str, table: ArchitectureTable) -> bool:
    """Tell whether the relation counts on an architecture: one that is named, or not excluded where none is named."""
    named = [word for wanted, word in relation.where if wanted]
    excluded = [word for wanted, word in relation.where if not wanted]
    if any(table.covers(word, tag) for word in excluded):
        return False
    return not named or any(table.covers(word, tag) for word in named)


def _is_in(lists: tuple[tuple[tuple[bool, str], ...], ...], profiles: frozenset[str]) -> bool:
    return not lists or any(all(wanted is (word in profiles) for wanted, word in terms) for terms in lists)


def is_met(relation: Relation, offers: Offers, tag: str) -> bool:
    """Tell whether a relation is met by what is on offer for ``tag``; a bare virtual package meets no version."""
    if relation.qualifier not in ANYWHERE | {tag}:
        return False
    versions = offers.get(relation.name, ())
    if relation.operator is None or relation.version is None:
        return bool(versions)
    return any(
        version is not None and version_holds(version, relation.operator, relation.version) for version in versions
    )


def provided(provides: str) -> Iterator[tuple[str, str | None]]:
    """Yield the names that a Provides field gives, each with its version or None; nonsense gives none."""
    try:
        groups = parse_relations(provides)
    except RelationError:
        return
    for relation in (relation for group in groups for relation in group):
        yield relation.name, relation.version if relation.operator == "=" else None


def names(line: str) -> frozenset[str]:
    """Return the packages that a line of dependencies names; none where it can't be read."""
    try:
        return frozenset(relation.name for group in parse_relations(line) for relation in group)
    except RelationError:
        return frozenset()


@dataclass(frozen=True)
class Wait:
    """A build that waits for dependencies. ``since`` is when its slave said so.

    ``retries`` counts how often it went back to the queue although what it said to miss was there.
    """

    build_id: int
    line: str
    tag: str
    since: datetime
    retries: int = 0


@dataclass(frozen=True)
class Release:
    """Back to the queue, with the reason; ``retries`` is what the build's count becomes."""

    reason: str
    retries: int = 0


@dataclass(frozen=True)
class Remain:
    """Waits on, for ``line``. ``note`` says what else people should know."""

    line: str
    retries: int = 0
    note: str | None = None


def judge_wait(
    wait: Wait,
    offers: Offers | None,
    newer: Collection[str],
    table: ArchitectureTable,
    now: datetime,
) -> Release | Remain:
    """Return what becomes of a build in dependency wait.

    ``offers`` is None while nobody knows what its archives hold: then it is tried again hourly. ``newer`` are the names
    that came to its archives since it waits. A slave says that something is missing also when it could not reach its
    archive: a build that misses nothing goes back once, and then waits until something that it names is newer.
    """
    if offers is None:
        return _unknown(wait, now)
    try:
        missing = still_missing(wait.line, offers, wait.tag, table)
    except RelationError as error:
        return Remain(wait.line, wait.retries, f"its dependencies can't be read: {error}")
    if missing:
        return Remain(missing)
    if wait.retries and not names(wait.line) & set(newer):
        return Remain(wait.line, wait.retries, "its slave said twice that this is missing, but it is there")
    return Release(f"{wait.line} is there now" if wait.line else "no dependency is named", wait.retries + 1)


def _unknown(wait: Wait, now: datetime) -> Release | Remain:
    if now - wait.since < UNKNOWN_PAUSE:
        return Remain(wait.line, wait.retries)
    return Release("nobody knows what its archives hold, so it is tried again hourly", wait.retries)
