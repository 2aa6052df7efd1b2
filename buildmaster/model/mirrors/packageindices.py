"""The mirrors that archives stand for: what is to be fetched of them, and what came."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from buildmaster.farm.vocabulary.archives import Pocket
from buildmaster.farm.vocabulary.contents import Content
from buildmaster.model.tables.archive import Archive
from buildmaster.model.tables.distribution import DistroSeries
from buildmaster.model.tables.files import remember_file
from buildmaster.model.tables.mirrors import MirrorIndex

Key = tuple[Pocket, str, str]  # the pocket, component and architecture of an index


@dataclass(frozen=True)
class MirrorSuites:
    """A mirror's suites of one series; ``known`` is the SHA-256s of its indices as they were last fetched."""

    archive_id: int
    series_id: int
    reference: str
    url: str
    series: str
    components: tuple[str, ...]
    tags: tuple[str, ...]
    known: tuple[tuple[Key, str], ...]


@dataclass(frozen=True)
class FetchedIndex:
    """An index that came: as it is published, its whole text, and its offers."""

    key: Key
    sha256: str
    packages: Content
    offers: Content


def mirrors(session: Session) -> tuple[MirrorSuites, ...]:
    """Return the suites of all mirrors, by archive and series."""
    rows = session.execute(
        select(Archive, DistroSeries)
        .join(DistroSeries, DistroSeries.distribution_id == Archive.distribution_id)
        .where(Archive.url.is_not(None))
        .order_by(Archive.id, DistroSeries.id),
    ).all()
    return tuple(_suites(session, archive, series) for archive, series in rows)


def _suites(session: Session, archive: Archive, series: DistroSeries) -> MirrorSuites:
    known = session.scalars(
        select(MirrorIndex).where(MirrorIndex.archive_id == archive.id, MirrorIndex.series_id == series.id),
    )
    return MirrorSuites(
        archive.id,
        series.id,
        archive.reference,
        (archive.url or "").rstrip("/"),
        series.name,
        tuple((archive.components or "").replace(",", " ").split()),
        tuple(architecture.architecturetag for architecture in series.architectures),
        tuple(((row.pocket, row.component, row.tag), row.sha256) for row in known),
    )


def keep_indices(
    session: Session,
    now: datetime,
    suites: MirrorSuites,
    fetched: Sequence[FetchedIndex],
    gone: Sequence[Key],
) -> None:
    """Record the indices that came, instead of those that were there, and forget those that are gone."""
    for key in (*gone, *(index.key for index in fetched)):
        _forget(session, now, suites, key)
    for index in fetched:
        session.add(_row(session, now, suites, index))


def _forget(session: Session, now: datetime, suites: MirrorSuites, key: Key) -> None:
    """Forget an index; its files may go."""
    pocket, component, tag = key
    row = session.scalar(
        select(MirrorIndex).where(
            MirrorIndex.archive_id == suites.archive_id,
            MirrorIndex.series_id == suites.series_id,
            MirrorIndex.pocket == pocket,
            MirrorIndex.component == component,
            MirrorIndex.tag == tag,
        ),
    )
    if row is not None:
        row.packages.expires = row.offers.expires = now
        session.delete(row)
        session.flush()


def _row(session: Session, now: datetime, suites: MirrorSuites, index: FetchedIndex) -> MirrorIndex:
    pocket, component, tag = index.key
    name = f"{suites.series}{pocket.suffix}_{component}_{tag}"
    return MirrorIndex(
        archive_id=suites.archive_id,
        series_id=suites.series_id,
        pocket=pocket,
        component=component,
        tag=tag,
        sha256=index.sha256,
        packages_id=remember_file(session, index.packages, f"{name}.Packages", "text/plain", now, suites.archive_id),
        offers_id=remember_file(session, index.offers, f"{name}.offers", "text/plain", now, suites.archive_id),
        date_fetched=now,
    )
