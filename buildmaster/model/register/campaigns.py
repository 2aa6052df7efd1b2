"""Rebuild an archive in another: copy its sources there, and compare what came of their builds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, literal, select
from sqlalchemy.orm import Session

from buildmaster.errors import BuildmasterError
from buildmaster.farm.queue.comparing import Difference, Outcome, Spot, differences
from buildmaster.farm.vocabulary.archives import ACTIVE, Publishing
from buildmaster.farm.vocabulary.references import ArchiveReference, SuiteReference
from buildmaster.model.tables.archive import (
    Archive,
    ArchiveDependency,
    SourcePackageRelease,
    SourcePublication,
    find_archive,
)
from buildmaster.model.tables.builds import Build
from buildmaster.model.tables.distribution import DistroArchSeries, DistroSeries
from buildmaster.model.tables.mapping import table_of
from buildmaster.model.uploads.sources import Place, closed, find_place

PUBLICATION = table_of(SourcePublication)


@dataclass(frozen=True)
class Campaign:
    """What is copied: the active publications of one archive's suite, to another's."""

    origin: ArchiveReference
    target: ArchiveReference
    suite: SuiteReference


def check_campaign(session: Session, origin: ArchiveReference, suite: SuiteReference) -> None:
    """Raise BuildmasterError where the sources of an archive's suite can't be copied to be built elsewhere."""
    place = find_place(session, origin, suite)
    if place.archive.private:
        raise BuildmasterError(f"{origin} is private: its files can't go elsewhere")
    if closed(place):
        raise BuildmasterError(closed(place))


def copy_some(session: Session, campaign: Campaign, now: datetime, after: int, limit: int) -> int | None:
    """Copy up to ``limit`` publications beyond the id ``after``; return where to go on, None at the end.

    What is published there already is left alone, so a campaign that was interrupted may be begun again.
    """
    origin = find_place(session, campaign.origin, campaign.suite)
    target = find_place(session, campaign.target, campaign.suite)
    here = PUBLICATION.c.archive_id == origin.archive.id, PUBLICATION.c.series_id == origin.series.id
    active = PUBLICATION.c.pocket == origin.pocket, PUBLICATION.c.status.in_(ACTIVE), PUBLICATION.c.id > after
    piece = select(PUBLICATION.c.id).where(*here, *active).order_by(PUBLICATION.c.id).limit(limit)
    ids = session.scalars(piece).all()
    _copy(session, ids, target, now)
    return ids[-1] if len(ids) == limit else None


def _copy(session: Session, ids: Sequence[int], target: Place, now: datetime) -> None:
    """Copy those of the publications to ``target`` that it has not, in one statement."""
    there = select(SourcePublication.release_id).where(
        SourcePublication.archive_id == target.archive.id,
        SourcePublication.series_id == target.series.id,
        SourcePublication.status.in_(ACTIVE),
    )
    columns = ("release_id", "series_id", "pocket", "component", "section")
    rows = select(
        *(PUBLICATION.c[name] for name in columns),
        literal(target.archive.id),
        literal(Publishing.PENDING, PUBLICATION.c.status.type),
        literal(False),
        literal(now, PUBLICATION.c.date_created.type),
    ).where(PUBLICATION.c.id.in_(ids), PUBLICATION.c.release_id.not_in(there))
    adding = insert(PUBLICATION).from_select([*columns, "archive_id", "status", "examined", "date_created"], rows)
    session.execute(adding)


def depend_on_origin(session: Session, campaign: Campaign, now: datetime) -> None:
    """Let the builds of a campaign use the packages of where its sources come from."""
    target, origin = find_archive(session, campaign.target), find_archive(session, campaign.origin)
    known = select(ArchiveDependency.id).where(
        ArchiveDependency.archive_id == target.id,
        ArchiveDependency.dependency_id == origin.id,
    )
    if session.scalar(known) is None:
        session.add(ArchiveDependency(archive_id=target.id, dependency_id=origin.id, date_created=now))


def compare(session: Session, here: ArchiveReference, there: ArchiveReference) -> tuple[Difference, ...]:
    """Return what builds in one archive and not in the other."""
    return differences(*(_outcomes(session, find_archive(session, reference)) for reference in (here, there)))


def _outcomes(session: Session, archive: Archive) -> dict[Spot, Outcome]:
    """Return how the newest build of each source is, by series and architecture."""
    release = SourcePackageRelease
    newest = (
        select(func.max(Build.id))
        .join(release, release.id == Build.sourcepackagerelease_id)
        .where(Build.archive_id == archive.id)
        .group_by(release.name, Build.distroarchseries_id)
    )
    rows = session.execute(
        select(release.name, DistroSeries.name, DistroArchSeries.architecturetag, release.version, Build.buildstate)
        .join(Build, Build.sourcepackagerelease_id == release.id)
        .join(DistroArchSeries, DistroArchSeries.id == Build.distroarchseries_id)
        .join(DistroSeries, DistroSeries.id == DistroArchSeries.series_id)
        .where(Build.id.in_(newest)),
    )
    return {(name, series, tag): Outcome(version, state) for name, series, tag, version, state in rows}
