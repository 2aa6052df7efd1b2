"""Look at the publications that changed: make the builds they want, end those that nobody wants any more."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session

from buildmaster.farm.architectures import ArchitectureFacts, ArchitectureTable, ArchSpecific
from buildmaster.farm.queueing import NewBuild, Place, SeriesFacts, SourceFacts, missing_builds
from buildmaster.farm.scoring import Scored, Weights, score
from buildmaster.farm.states import ACTIVE
from buildmaster.model.archive import (
    UNEXAMINED,
    Archive,
    BinaryPackageRelease,
    BinaryPublication,
    SourcePackageRelease,
    SourcePublication,
)
from buildmaster.model.builds import Build
from buildmaster.model.distribution import DistroArchSeries, DistroSeries, PocketChroot
from buildmaster.model.mapping import AnySelect
from buildmaster.model.newbuilds import add_builds
from buildmaster.model.superseding import supersede_gone


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
    rows = session.execute(_unexamined(limit)).all()
    if not rows:
        return Examined()
    active = [row for row in rows if row.status in ACTIVE]
    builds = _missing(session, active, policy)
    add_builds(session, now, builds, _first_scores(active, now, policy.weights))
    superseded = sum(supersede_gone(session, *_place(row)) for row in rows if row.status not in ACTIVE)
    done = update(SourcePublication).where(SourcePublication.id.in_([row.id for row in rows]))
    session.execute(done.values(examined=True), execution_options={"synchronize_session": False})
    return Examined(len(rows), len(builds), superseded, frozenset(row.component for row in active))


def _unexamined(limit: int) -> Any:  # Any: a select of many columns
    publication, release = SourcePublication, SourcePackageRelease
    return (
        select(
            *(publication.id, publication.release_id, publication.archive_id, publication.series_id),
            *(publication.pocket, publication.component, publication.section, publication.status),
            *(release.name, release.architecturehintlist, release.binaries, release.urgency),
            *(Archive.purpose, Archive.trusted, Archive.private, Archive.score),
        )
        .join(release, release.id == publication.release_id)
        .join(Archive, Archive.id == publication.archive_id)
        .where(UNEXAMINED)
        .order_by(publication.id)
        .limit(limit)
        .with_for_update(of=publication, skip_locked=True)
    )


def _missing(session: Session, rows: Sequence[Row[Any]], policy: Policy) -> tuple[NewBuild, ...]:
    series = series_facts(session, {row.series_id for row in rows}, policy.arch_specific)
    releases = {row.release_id for row in rows}
    existing = built_places(session, releases) | copied_places(session, releases)
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
    rows = session.execute(
        select(DistroSeries.id, DistroSeries.name, DistroSeries.status, DistroSeries.nominatedarchindep).where(
            DistroSeries.id.in_(ids),
        ),
    )
    architectures = _architectures(session, ids)
    return {
        row.id: SeriesFacts(
            *row,
            architectures=tuple(architectures.get(row.id, ())),
            arch_specific=arch_specific.get(row.id, SeriesFacts.arch_specific),
        )
        for row in rows
    }


def _architectures(session: Session, series_ids: Collection[int]) -> dict[int, list[ArchitectureFacts]]:
    rows = session.execute(
        select(DistroArchSeries, PocketChroot.pocket)
        .outerjoin(PocketChroot, PocketChroot.distroarchseries_id == DistroArchSeries.id)
        .where(DistroArchSeries.series_id.in_(series_ids)),
    ).all()
    found: dict[int, list[ArchitectureFacts]] = {}
    for architecture in dict.fromkeys(row[0] for row in rows):
        chroots = frozenset(pocket for other, pocket in rows if other is architecture and pocket is not None)
        facts = ArchitectureFacts(
            architecture.id,
            architecture.architecturetag,
            architecture.processor_id,
            architecture.supports_untrusted,
            chroots,
        )
        found.setdefault(architecture.series_id, []).append(facts)
    return found


def built_places(session: Session, release_ids: Collection[int]) -> set[Place]:
    """Return the places that have a build of one of these sources, in whatever state."""
    query = select(Build.sourcepackagerelease_id, Build.distroarchseries_id, Build.archive_id)
    return _places(session, query.where(Build.sourcepackagerelease_id.in_(release_ids)))


def copied_places(session: Session, release_ids: Collection[int]) -> set[Place]:
    """Return the places that have binaries of these sources which were built elsewhere, and copied there."""
    there = DistroArchSeries.__table__.alias("there")
    query = (
        select(Build.sourcepackagerelease_id, BinaryPublication.distroarchseries_id, BinaryPublication.archive_id)
        .join(BinaryPackageRelease, BinaryPackageRelease.build_id == Build.id)
        .join(BinaryPublication, BinaryPublication.release_id == BinaryPackageRelease.id)
        .join(DistroArchSeries, DistroArchSeries.id == Build.distroarchseries_id)
        .join(there, there.c.id == BinaryPublication.distroarchseries_id)
        .where(there.c.architecturetag == DistroArchSeries.architecturetag)
    )
    return _places(session, query.where(Build.sourcepackagerelease_id.in_(release_ids)))


def _places(session: Session, query: AnySelect) -> set[Place]:
    return {(release, architecture, archive) for release, architecture, archive in session.execute(query)}


def _place(row: Row[Any]) -> tuple[int, int, int]:
    return row.release_id, row.series_id, row.archive_id


def _first_scores(rows: Sequence[Row[Any]], now: datetime, weights: Weights) -> dict[tuple[int, int], int]:
    """Return what new entries score, by the ids of source release and archive."""
    return {(row.release_id, row.archive_id): score(_scored(row), now, now, weights).total for row in rows}


def _scored(row: Row[Any]) -> Scored:
    return Scored(row.section, row.urgency, row.pocket, row.component, row.purpose, row.private, row.score)
