"""Take in sources: where one would be published, whether it is accepted, and what is recorded of it."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from buildmaster.farm.uploads.binaries import ReadFolder
from buildmaster.farm.uploads.filetypes import mimetype
from buildmaster.farm.uploads.packagefiles import listed_files
from buildmaster.farm.uploads.sources import SourcePackage, SourcePlace, Wish, check_source, source_of
from buildmaster.farm.vocabulary.archives import ACTIVE, Pocket, Publishing
from buildmaster.farm.vocabulary.pockets import is_open
from buildmaster.farm.vocabulary.references import ArchiveReference, SeriesReference, SuiteReference
from buildmaster.model.tables.archive import (
    Archive,
    SourcePackageRelease,
    SourcePackageReleaseFile,
    SourcePublication,
    find_archive,
)
from buildmaster.model.tables.distribution import DistroSeries, find_series
from buildmaster.model.tables.files import remember_file
from buildmaster.model.tables.people import record
from buildmaster.model.uploads.contents import known_contents


@dataclass(frozen=True)
class Destination:
    """The archive and the suite that a source is uploaded to, and what its uploader wishes.

    ``who`` is the uploader's name in the audit trail, ``creator_id`` the account; the local command has none.
    ``named``: the .changes must name this suite.
    """

    archive: ArchiveReference
    suite: SuiteReference
    who: str
    wish: Wish = field(default_factory=Wish)
    creator_id: int | None = None
    named: bool = False


@dataclass(frozen=True)
class Refused:
    """An upload that is refused, with all the reasons."""

    reasons: tuple[str, ...]


@dataclass(frozen=True)
class AcceptedSource:
    """A source that is taken in, and the publication that it has now."""

    publication_id: int
    name: str
    version: str
    archive: str
    suite: str


@dataclass(frozen=True)
class Place:
    """An archive, and a series and pocket of its distribution."""

    archive: Archive
    series: DistroSeries
    pocket: Pocket


def judge_source(session: Session, folder: ReadFolder, to: Destination) -> tuple[str, ...]:
    """Return all reasons why the source is refused there; UnknownNameError is raised where there is no such place."""
    return check_source(folder, _seen(session, find_place(session, to.archive, to.suite), folder, to), to.wish)


def record_source(session: Session, folder: ReadFolder, to: Destination, now: datetime) -> AcceptedSource | Refused:
    """Record and publish the source, unless there are reasons against it; its contents are in the librarian already.

    What it replaces there is superseded.
    """
    place = find_place(session, to.archive, to.suite)
    seen = _seen(session, place, folder, to)
    reasons = check_source(folder, seen, to.wish)
    if reasons:
        return Refused(reasons)
    package = source_of(folder, seen, to.wish)
    release = _existing(session, place, package) or _release(session, place, package, to.creator_id, now)
    publication_id = publish_source(session, release, place, now)
    accepted = AcceptedSource(publication_id, package.name, package.version, str(to.archive), str(to.suite))
    record(session, now, to.who, "upload", f"{package.name} {package.version}", vars(accepted))
    return accepted


def publish_source(session: Session, release: SourcePackageRelease, place: Place, now: datetime) -> int:
    """Publish the release there, instead of what is published by its name; return the publication's id."""
    replaced = _active(place, release.name).with_only_columns(SourcePublication.id)
    session.execute(
        update(SourcePublication)
        .where(SourcePublication.id.in_(replaced))
        .values(status=Publishing.SUPERSEDED, date_superseded=now, examined=False),
    )
    publication = SourcePublication(
        release_id=release.id,
        archive_id=place.archive.id,
        series_id=place.series.id,
        pocket=place.pocket,
        component=release.component,
        section=release.section,
        status=Publishing.PENDING,
        date_created=now,
    )
    session.add(publication)
    session.flush()
    return publication.id


def published_versions(session: Session, place: Place, name: str) -> list[str]:
    """Return the versions of the source that are active there."""
    return list(session.scalars(_active(place, name).with_only_columns(SourcePackageRelease.version)))


def closed(place: Place) -> str:
    """Return why nothing may be uploaded there now, or the empty string."""
    archive, series, pocket = place.archive, place.series, place.pocket
    if not archive.enabled:
        return f"{archive.reference} is disabled."
    if not is_open(pocket, series.status, archive.purpose):
        return f"{series.name} is {series.status.name}: its pocket {pocket.name} is closed in {archive.reference}."
    return ""


def find_place(session: Session, archive: ArchiveReference, suite: SuiteReference) -> Place:
    """Return the place that the references name; raise UnknownNameError if it is not there."""
    found = find_archive(session, archive)
    series = find_series(session, SeriesReference(found.distribution.name, suite.series))
    return Place(found, series, suite.pocket)


def _active(place: Place, name: str) -> Select[SourcePublication]:
    return (
        select(SourcePublication)
        .join(SourcePackageRelease, SourcePackageRelease.id == SourcePublication.release_id)
        .where(
            SourcePublication.archive_id == place.archive.id,
            SourcePublication.series_id == place.series.id,
            SourcePublication.pocket == place.pocket,
            SourcePublication.status.in_(ACTIVE),
            SourcePackageRelease.name == name,
        )
    )


def _seen(session: Session, place: Place, folder: ReadFolder, to: Destination) -> SourcePlace:
    dscs = folder.of_kind(".dsc")
    names = {name for stanza in folder.stanzas.values() for name in listed_files(stanza)[0]} | set(folder.found)
    return SourcePlace(
        archive=str(to.archive),
        suite=str(to.suite),
        published=tuple(version for dsc in dscs for version in published_versions(session, place, dsc["Source"])),
        known=known_contents(session, place.archive.id, names),
        closed=closed(place),
        named=to.named,
    )


def _existing(session: Session, place: Place, package: SourcePackage) -> SourcePackageRelease | None:
    """Return the release of this version that the archive has in another suite: its files are the same."""
    there = (
        select(SourcePackageRelease)
        .join(SourcePublication, SourcePublication.release_id == SourcePackageRelease.id)
        .where(
            SourcePublication.archive_id == place.archive.id,
            SourcePackageRelease.name == package.name,
            SourcePackageRelease.version == package.version,
        )
    )
    return session.scalars(there.limit(1)).first()


def _release(
    session: Session,
    place: Place,
    package: SourcePackage,
    creator_id: int | None,
    now: datetime,
) -> SourcePackageRelease:
    release = SourcePackageRelease(
        **{name: value for name, value in vars(package).items() if name != "files"},
        creator_id=creator_id,
        upload_archive_id=place.archive.id,
        upload_series_id=place.series.id,
        date_uploaded=now,
    )
    for name, content in package.files.items():
        file_id = remember_file(session, content, name, mimetype(name), now, place.archive.id)
        file = SourcePackageReleaseFile(filename=name, sha256=content.sha256, size=content.size, file_id=file_id)
        release.files.append(file)
    session.add(release)
    session.flush()
    return release
