"""Publish the sources of an apt index: their rows now, their files when somebody is to build them."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from buildmaster.farm.indices.sources import IndexedSource
from buildmaster.farm.vocabulary.archives import ACTIVE, Pocket, Publishing, Urgency
from buildmaster.farm.vocabulary.references import ArchiveReference, SuiteReference
from buildmaster.farm.vocabulary.versions import version_key
from buildmaster.model.tables.archive import (
    UNEXAMINED,
    SourcePackageRelease,
    SourcePackageReleaseFile,
    SourcePublication,
)
from buildmaster.model.tables.builds import Build
from buildmaster.model.tables.distribution import DistroArchSeries
from buildmaster.model.tables.mapping import AnyRow, table_of
from buildmaster.model.uploads.sources import find_place

RELEASE, FILE = table_of(SourcePackageRelease), table_of(SourcePackageReleaseFile)
PUBLICATION = table_of(SourcePublication)


@dataclass(frozen=True)
class ImportPlace:
    """Where sources are imported to. ``base_url`` is of the archive that they are in, with a slash at its end."""

    archive_id: int
    series_id: int
    pocket: Pocket
    base_url: str = ""


@dataclass(frozen=True)
class Imported:
    """What came of some sources: how many are new here, how many were there already (or a later version is)."""

    new: int = 0
    known: int = 0

    def __add__(self, other: "Imported") -> "Imported":
        """Return what came of both."""
        return Imported(self.new + other.new, self.known + other.known)


def import_place(session: Session, archive: ArchiveReference, suite: SuiteReference) -> ImportPlace:
    """Return the place that the references name; raise UnknownNameError if it is not there."""
    place = find_place(session, archive, suite)
    return ImportPlace(place.archive.id, place.series.id, place.pocket)


def publish_indexed(session: Session, place: ImportPlace, sources: Sequence[IndexedSource], now: datetime) -> Imported:
    """Publish those of the sources of which no version as late is published there; they replace earlier ones."""
    latest = _latest(sources)
    published = _published(session, place, latest)
    new = [source for name, source in latest.items() if _is_later(source, published.get(name))]
    _supersede(session, [published[source.name].id for source in new if source.name in published], now)
    releases = _releases(session, place, new, now)
    if new:
        session.execute(insert(PUBLICATION), [_publication(place, source, releases, now) for source in new])
    _complete_urls(session, place, [source for source in latest.values() if source.name in published])
    return Imported(len(new), len(sources) - len(new))


def _latest(sources: Sequence[IndexedSource]) -> dict[str, IndexedSource]:
    latest: dict[str, IndexedSource] = {}
    for source in sources:
        other = latest.get(source.name)
        if other is None or version_key(source.version) > version_key(other.version):
            latest[source.name] = source
    return latest


def _is_later(source: IndexedSource, published: AnyRow | None) -> bool:
    return published is None or version_key(source.version) > version_key(published.version)


def _published(session: Session, place: ImportPlace, names: Collection[str]) -> dict[str, AnyRow]:
    rows = session.execute(
        select(SourcePublication.id, SourcePackageRelease.name, SourcePackageRelease.version)
        .join(SourcePackageRelease, SourcePackageRelease.id == SourcePublication.release_id)
        .where(
            SourcePublication.archive_id == place.archive_id,
            SourcePublication.series_id == place.series_id,
            SourcePublication.pocket == place.pocket,
            SourcePublication.status.in_(ACTIVE),
            SourcePackageRelease.name.in_(names),
        ),
    )
    return {row.name: row for row in rows}


def _supersede(session: Session, ids: Collection[int], now: datetime) -> None:
    if ids:
        old = update(PUBLICATION).where(PUBLICATION.c.id.in_(ids))
        session.execute(old.values(status=Publishing.SUPERSEDED, date_superseded=now, examined=False))


def _releases(
    session: Session,
    place: ImportPlace,
    sources: Sequence[IndexedSource],
    now: datetime,
) -> dict[str, int]:
    """Return the ids of the sources' releases, by name; those that the archive has in another suite are used again."""
    known = _known_releases(session, place, sources)
    new = [source for source in sources if source.name not in known]
    if not new:
        return known
    adding = insert(RELEASE).returning(RELEASE.c.id, sort_by_parameter_order=True)
    ids = session.scalars(adding, [_release(place, source, now) for source in new]).all()
    session.execute(insert(FILE), [file for id_, source in zip(ids, new, strict=True) for file in _files(id_, source)])
    return known | {source.name: id_ for id_, source in zip(ids, new, strict=True)}


def _known_releases(session: Session, place: ImportPlace, sources: Sequence[IndexedSource]) -> dict[str, int]:
    wanted = {source.name: source.version for source in sources}
    rows = session.execute(
        select(SourcePackageRelease.id, SourcePackageRelease.name, SourcePackageRelease.version)
        .join(SourcePublication, SourcePublication.release_id == SourcePackageRelease.id)
        .where(SourcePublication.archive_id == place.archive_id, SourcePackageRelease.name.in_(wanted)),
    )
    return {name: id_ for id_, name, version in rows if wanted[name] == version}


def _release(place: ImportPlace, source: IndexedSource, now: datetime) -> dict[str, object]:
    return {
        "name": source.name,
        "version": source.version,
        "component": source.component,
        "section": source.section,
        "urgency": Urgency.LOW,
        "architecturehintlist": source.hint,
        "builddepends": source.builddepends,
        "builddependsindep": source.builddependsindep,
        "binaries": source.binaries,
        "maintainer": source.maintainer,
        "upload_archive_id": place.archive_id,
        "upload_series_id": place.series_id,
        "imported": True,
        "dsc_url": place.base_url + source.dsc,
        "date_uploaded": now,
    }


def _files(release_id: int, source: IndexedSource) -> Iterator[dict[str, object]]:
    for file in source.files:
        yield {"release_id": release_id, "filename": file.filename, "sha256": file.sha256, "size": file.size}


def _publication(
    place: ImportPlace,
    source: IndexedSource,
    releases: dict[str, int],
    now: datetime,
) -> dict[str, object]:
    return {
        "release_id": releases[source.name],
        "archive_id": place.archive_id,
        "series_id": place.series_id,
        "pocket": place.pocket,
        "component": source.component,
        "section": source.section,
        "status": Publishing.PENDING,
        "date_created": now,
    }


def _complete_urls(session: Session, place: ImportPlace, sources: Sequence[IndexedSource]) -> None:
    """Note where files are that are still to be fetched, if it was not known when they were imported."""
    if not place.base_url or not sources:
        return
    unknown = select(RELEASE.c.id, RELEASE.c.name, RELEASE.c.version).where(
        RELEASE.c.name.in_([source.name for source in sources]),
        RELEASE.c.upload_archive_id == place.archive_id,
        RELEASE.c.imported,
        RELEASE.c.dsc_url.not_like("%://%"),
    )
    wanted = {(source.name, source.version): source.dsc for source in sources}
    for id_, name, version in session.execute(unknown).all():
        if (name, version) in wanted:
            url = place.base_url + wanted[name, version]
            session.execute(update(RELEASE).where(RELEASE.c.id == id_).values(dsc_url=url))


def unexamined(session: Session) -> int:
    """Return how many publications the queue builder has still to look at."""
    return session.scalar(select(func.count()).select_from(SourcePublication).where(UNEXAMINED)) or 0


def builds_per_architecture(session: Session, archive_id: int, series_id: int) -> dict[str, int]:
    """Return how many builds an archive has in a series, by the tags of the architectures."""
    rows = session.execute(
        select(DistroArchSeries.architecturetag, func.count(Build.id))
        .join(
            Build, (Build.distroarchseries_id == DistroArchSeries.id) & (Build.archive_id == archive_id), isouter=True
        )
        .where(DistroArchSeries.series_id == series_id)
        .group_by(DistroArchSeries.architecturetag)
        .order_by(DistroArchSeries.architecturetag),
    )
    return {row[0]: row[1] for row in rows}
