"""Look at the publications that changed: make the builds they want, end those that nobody wants any more."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, bindparam, select, update
from sqlalchemy.orm import Session

from buildmaster.farm.queue.architectures import ArchitectureFacts, ArchitectureTable
from buildmaster.farm.queue.archspecific import ArchSpecific
from buildmaster.farm.queue.missingbuilds import NewBuild, Place, SeriesFacts, SourceFacts, missing_builds
from buildmaster.farm.queue.scoring import Scored, Weights, score
from buildmaster.farm.vocabulary.archives import ACTIVE, Pocket
from buildmaster.model.queue.newbuilds import add_builds
from buildmaster.model.queue.superseding import supersede_gone
from buildmaster.model.tables.archive import (
    UNEXAMINED,
    Archive,
    BinaryPackageRelease,
    BinaryPublication,
    SourcePackageRelease,
    SourcePublication,
)
from buildmaster.model.tables.builds import Build
from buildmaster.model.tables.distribution import DistroArchSeries, DistroSeries, PocketChroot
from buildmaster.model.tables.mapping import IDS, AnySelect, table_of

SOURCE, ARCHIVE, BUILD = (table_of(kind).c for kind in (SourcePackageRelease, Archive, Build))
PUBLICATION, SERIES, ARCHITECTURE = (table_of(kind).c for kind in (SourcePublication, DistroSeries, DistroArchSeries))
CHROOT, BINARY, THERE = (table_of(kind).c for kind in (PocketChroot, BinaryPackageRelease, BinaryPublication))
ALIKE = table_of(DistroArchSeries).alias("alike")

CHANGED: AnySelect = (
    select(PUBLICATION.id, PUBLICATION.release_id, PUBLICATION.archive_id, PUBLICATION.series_id)
    .add_columns(PUBLICATION.pocket, PUBLICATION.component, PUBLICATION.section, PUBLICATION.status)
    .add_columns(SOURCE.name, SOURCE.architecturehintlist, SOURCE.binaries, SOURCE.urgency)
    .add_columns(ARCHIVE.purpose, ARCHIVE.trusted, ARCHIVE.private, ARCHIVE.score)
    .join_from(table_of(SourcePublication), table_of(SourcePackageRelease), SOURCE.id == PUBLICATION.release_id)
    .join(table_of(Archive), ARCHIVE.id == PUBLICATION.archive_id)
    .where(UNEXAMINED)
    .order_by(PUBLICATION.id)
    .limit(bindparam("number"))
    .with_for_update(of=table_of(SourcePublication), skip_locked=True)
)
EXAMINED = update(table_of(SourcePublication)).where(PUBLICATION.id.in_(IDS)).values(examined=True)
ABOUT_SERIES: AnySelect = select(SERIES.id, SERIES.name, SERIES.status, SERIES.nominatedarchindep).where(
    SERIES.id.in_(IDS)
)
ARCHITECTURES: AnySelect = (
    select(ARCHITECTURE.series_id, ARCHITECTURE.id, ARCHITECTURE.architecturetag, ARCHITECTURE.processor_id)
    .add_columns(ARCHITECTURE.supports_untrusted, CHROOT.pocket)
    .outerjoin_from(table_of(DistroArchSeries), table_of(PocketChroot), CHROOT.distroarchseries_id == ARCHITECTURE.id)
    .where(ARCHITECTURE.series_id.in_(IDS))
)
BUILT: Select[int, int, int] = select(BUILD.sourcepackagerelease_id, BUILD.distroarchseries_id, BUILD.archive_id).where(
    BUILD.sourcepackagerelease_id.in_(IDS)
)
COPIED: Select[int, int, int] = (
    select(BUILD.sourcepackagerelease_id, THERE.distroarchseries_id, THERE.archive_id)
    .join_from(table_of(Build), table_of(BinaryPackageRelease), BINARY.build_id == BUILD.id)
    .join(table_of(BinaryPublication), THERE.release_id == BINARY.id)
    .join(table_of(DistroArchSeries), ARCHITECTURE.id == BUILD.distroarchseries_id)
    .join(ALIKE, ALIKE.c.id == THERE.distroarchseries_id)
    .where(ALIKE.c.architecturetag == ARCHITECTURE.architecturetag, BUILD.sourcepackagerelease_id.in_(IDS))
)


@dataclass(frozen=True)
class Policy:
    """What missing builds are made by. ``arch_specific`` is Packages-arch-specific by the series' ids."""

    table: ArchitectureTable
    weights: Weights
    arch_specific: Mapping[int, ArchSpecific]


@dataclass(frozen=True)
class Examined:
    """What looking at some publications came to."""

    publications: int = 0
    created: int = 0
    superseded: int = 0
    components: frozenset[str] = frozenset()

    def __add__(self, other: "Examined") -> "Examined":
        """Return what both came to together."""
        return Examined(
            self.publications + other.publications,
            self.created + other.created,
            self.superseded + other.superseded,
            self.components | other.components,
        )


def examine_publications(session: Session, now: datetime, policy: Policy, limit: int) -> Examined:
    """Look at up to ``limit`` publications that changed: make the builds they want, end those of sources that went.

    May be run by several at once: what one has locked the others leave alone.
    """
    connection = session.connection()
    rows = connection.execute(CHANGED, {"number": limit}).all()
    if not rows:
        return Examined()
    active = [row for row in rows if row.status in ACTIVE]
    builds = _missing(session, active, policy)
    add_builds(session, now, builds, _first_scores(active, now, policy.weights))
    superseded = sum(supersede_gone(session, *_place(row)) for row in rows if row.status not in ACTIVE)
    connection.execute(EXAMINED, {"ids": [row.id for row in rows]})
    return Examined(len(rows), len(builds), superseded, frozenset(row.component for row in active))


def _missing(session: Session, rows: Sequence[Row[Any]], policy: Policy) -> tuple[NewBuild, ...]:
    series = series_facts(session, {row.series_id for row in rows}, policy.arch_specific)
    existing = built_places(session, {row.release_id for row in rows})
    existing |= copied_places(session, {release_id for release_id, *_ in existing}) if existing else set()
    return missing_builds([source_facts(row) for row in rows], series, existing, policy.table)


def source_facts(row: Row[Any]) -> SourceFacts:
    """Return what decides on builds of a published source."""
    return SourceFacts(
        row.release_id,
        row.archive_id,
        row.series_id,
        row.name,
        row.architecturehintlist,
        frozenset(row.binaries.split()),
        row.pocket,
        row.purpose,
        row.trusted,
    )


def series_facts(
    session: Session,
    ids: Collection[int],
    arch_specific: Mapping[int, ArchSpecific],
) -> dict[int, SeriesFacts]:
    """Return what decides on builds for the series with these ids."""
    rows = session.connection().execute(ABOUT_SERIES, {"ids": list(ids)})
    architectures = _architectures(session, ids)
    return {
        row.id: SeriesFacts(
            row.id,
            row.name,
            row.status,
            row.nominatedarchindep,
            tuple(architectures.get(row.id, ())),
            arch_specific.get(row.id, SeriesFacts.arch_specific),
        )
        for row in rows
    }


def _architectures(session: Session, series_ids: Collection[int]) -> dict[int, list[ArchitectureFacts]]:
    """Return the architectures of each series; a row is an architecture with one of its chroots, or without."""
    pockets: dict[tuple[int, int, str, int, bool], set[Pocket]] = {}
    for *columns, pocket in session.connection().execute(ARCHITECTURES, {"ids": list(series_ids)}):
        pockets.setdefault(tuple(columns), set()).update(() if pocket is None else (pocket,))
    found: dict[int, list[ArchitectureFacts]] = defaultdict(list)
    for (series_id, id_, tag, processor_id, untrusted), chroots in pockets.items():
        found[series_id].append(ArchitectureFacts(id_, tag, processor_id, untrusted, frozenset(chroots)))
    return found


def built_places(session: Session, release_ids: Collection[int]) -> set[Place]:
    """Return the places that have a build of one of these sources, in whatever state."""
    return _places(session, BUILT, release_ids)


def copied_places(session: Session, release_ids: Collection[int]) -> set[Place]:
    """Return the places that have binaries of these sources which were built elsewhere, and copied there."""
    return _places(session, COPIED, release_ids)


def _places(session: Session, query: Select[int, int, int], release_ids: Collection[int]) -> set[Place]:
    rows = session.connection().execute(query, {"ids": list(release_ids)})
    return {(release, architecture, archive) for release, architecture, archive in rows}


def _place(row: Row[Any]) -> tuple[int, int, int]:
    return row.release_id, row.series_id, row.archive_id


def _first_scores(rows: Sequence[Row[Any]], now: datetime, weights: Weights) -> dict[tuple[int, int], int]:
    """Return what new entries score, by the ids of source release and archive."""
    return {(row.release_id, row.archive_id): score(_scored(row), now, now, weights).total for row in rows}


def _scored(row: Row[Any]) -> Scored:
    return Scored(row.section, row.urgency, row.pocket, row.component, row.purpose, row.private, row.score)


def examine_again(session: Session, series_id: int) -> None:
    """Have the queue builder look again at what is published in a series."""
    active = SourcePublication.status.in_(ACTIVE)
    rows = update(SourcePublication).where(SourcePublication.series_id == series_id, active)
    session.execute(rows.values(examined=False))
