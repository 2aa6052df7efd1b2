"""List, remove and copy the publications of sources, as operators ask."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from buildmaster.errors import BuildmasterError
from buildmaster.farm.vocabulary.archives import ACTIVE, Publishing
from buildmaster.farm.vocabulary.references import ArchiveReference, SuiteReference
from buildmaster.farm.vocabulary.versions import is_version, version_key
from buildmaster.model.tables.archive import (
    BinaryPackageRelease,
    BinaryPublication,
    SourcePublication,
    find_archive,
)
from buildmaster.model.tables.builds import Build
from buildmaster.model.tables.distribution import DistroArchSeries
from buildmaster.model.uploads.contents import known_contents
from buildmaster.model.uploads.sources import Place, closed, find_place, publish_source, published_versions


class RefusedCopyError(BuildmasterError):
    """A source can't be published there."""


@dataclass(frozen=True)
class SourceListing:
    """A publication of a source, as it is listed."""

    id: int
    source: str
    version: str
    archive: str
    suite: str
    component: str
    section: str
    status: str
    created: datetime


def source_publications(
    session: Session,
    archive: ArchiveReference | None = None,
    limit: int | None = None,
) -> list[SourceListing]:
    """Return the publications, the newest first."""
    rows = select(SourcePublication).order_by(SourcePublication.id.desc()).limit(limit)
    if archive is not None:
        rows = rows.where(SourcePublication.archive_id == find_archive(session, archive).id)
    return [_listing(publication) for publication in session.scalars(rows)]


def delete_source(session: Session, publication_id: int, now: datetime) -> SourceListing:
    """Remove a source from where it is published, with the binaries that were made of it for there."""
    publication = _find(session, publication_id)
    if publication.status not in ACTIVE:
        raise BuildmasterError(f"publication {publication_id} is {publication.status.name} already")
    publication.status, publication.date_removed, publication.examined = Publishing.DELETED, now, False
    binaries = _binaries(publication).with_only_columns(BinaryPublication.id)
    session.execute(
        update(BinaryPublication)
        .where(BinaryPublication.id.in_(binaries))
        .values(status=Publishing.DELETED, date_removed=now),
    )
    return _listing(publication)


def copy_source(
    session: Session,
    publication_id: int,
    archive: ArchiveReference,
    suite: SuiteReference | None,
    now: datetime,
) -> SourceListing:
    """Publish a source elsewhere too. Within its archive and series its binaries go along; elsewhere it is built."""
    original = _find(session, publication_id)
    to = find_place(session, archive, suite or SuiteReference(original.series.name, original.pocket))
    _check_copy(session, original, to)
    copy_id = publish_source(session, original.release, to, now)
    if (to.archive, to.series) == (original.archive, original.series):
        _copy_binaries(session, original, to, now)
    return _listing(_find(session, copy_id))


def _check_copy(session: Session, original: SourcePublication, to: Place) -> None:
    release = original.release
    name = f"{release.name} {release.version}"
    if closed(to):
        raise RefusedCopyError(closed(to))
    if original.archive.private and not to.archive.private:
        raise RefusedCopyError(f"{original.archive.reference} is private: its files can't go to {to.archive.reference}")
    newest = max(filter(is_version, published_versions(session, to, release.name)), key=version_key, default="")
    if newest and version_key(newest) >= version_key(release.version):
        raise RefusedCopyError(f"{name} is not newer than {newest}, which is published there")
    known = known_contents(session, to.archive.id, [file.filename for file in release.files])
    other = [file for file in release.files if file.filename in known and known[file.filename].sha256 != file.sha256]
    if other:
        raise RefusedCopyError(f"{other[0].filename} is already in {to.archive.reference}, with other content")


def _copy_binaries(session: Session, original: SourcePublication, to: Place, now: datetime) -> None:
    for binary in session.scalars(_binaries(original)).all():
        columns = {name: getattr(binary, name) for name in ("release_id", "component", "section", "priority")}
        place = {"archive_id": to.archive.id, "distroarchseries_id": binary.distroarchseries_id, "pocket": to.pocket}
        session.add(BinaryPublication(**columns, **place, status=Publishing.PENDING, date_created=now))


def _binaries(publication: SourcePublication) -> Select[BinaryPublication]:
    """Select the active publications, in the same place, of what was built of a source."""
    return (
        select(BinaryPublication)
        .join(BinaryPackageRelease, BinaryPackageRelease.id == BinaryPublication.release_id)
        .join(Build, Build.id == BinaryPackageRelease.build_id)
        .join(DistroArchSeries, DistroArchSeries.id == BinaryPublication.distroarchseries_id)
        .where(
            Build.sourcepackagerelease_id == publication.release_id,
            BinaryPublication.archive_id == publication.archive_id,
            BinaryPublication.pocket == publication.pocket,
            BinaryPublication.status.in_(ACTIVE),
            DistroArchSeries.series_id == publication.series_id,
        )
    )


def _find(session: Session, publication_id: int) -> SourcePublication:
    found = session.get(SourcePublication, publication_id)
    if found is None:
        raise BuildmasterError(f"there is no publication {publication_id}: `buildmaster source list` shows them")
    return found


def _listing(publication: SourcePublication) -> SourceListing:
    return SourceListing(
        id=publication.id,
        source=publication.release.name,
        version=publication.release.version,
        archive=publication.archive.reference,
        suite=publication.series.name + publication.pocket.suffix,
        component=publication.component,
        section=publication.section,
        status=publication.status.name,
        created=publication.date_created,
    )
