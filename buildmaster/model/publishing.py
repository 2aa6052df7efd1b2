"""Make what waits for it published, a batch at a time, and supersede what it replaces."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from buildmaster.farm.dominating import PublishedBinary, replaced
from buildmaster.farm.states import ACTIVE, Publishing
from buildmaster.model.archive import (
    BinaryPackageRelease,
    BinaryPublication,
    SourcePackageReleaseFile,
    SourcePublication,
)

BATCH = 200  # publications a transaction


def publish_sources(session: Session, now: datetime) -> int:
    """Publish some sources that wait and whose files are all in the librarian; return how many."""
    unfetched = exists().where(
        SourcePackageReleaseFile.release_id == SourcePublication.release_id,
        SourcePackageReleaseFile.file_id.is_(None),
    )
    waiting = select(SourcePublication.id).where(SourcePublication.status == Publishing.PENDING, ~unfetched)
    ids = session.scalars(waiting.order_by(SourcePublication.id).limit(BATCH)).all()
    done = update(SourcePublication).where(SourcePublication.id.in_(ids))
    session.execute(done.values(status=Publishing.PUBLISHED, date_published=now))
    return len(ids)


def publish_binaries(session: Session, now: datetime) -> int:
    """Publish some binaries that wait, and supersede those of them, and of what was there, that others replace."""
    waiting = select(BinaryPublication.id).where(BinaryPublication.status == Publishing.PENDING)
    ids = session.scalars(waiting.order_by(BinaryPublication.id).limit(BATCH)).all()
    done = update(BinaryPublication).where(BinaryPublication.id.in_(ids))
    session.execute(done.values(status=Publishing.PUBLISHED, date_published=now))
    losers = replaced(_rivals(session, ids))
    gone = update(BinaryPublication).where(BinaryPublication.id.in_(losers))
    session.execute(gone.values(status=Publishing.SUPERSEDED, date_superseded=now))
    return len(ids)


def _rivals(session: Session, ids: Sequence[int]) -> list[PublishedBinary]:
    """Return the active publications of the names of these, wherever they are in the archives of these."""
    mine = (
        select(BinaryPackageRelease.name, BinaryPublication.archive_id)
        .join(BinaryPublication, BinaryPublication.release_id == BinaryPackageRelease.id)
        .where(BinaryPublication.id.in_(ids))
    )
    places = session.execute(mine.distinct()).all()
    rivals = (
        select(BinaryPublication, BinaryPackageRelease)
        .join(BinaryPackageRelease, BinaryPackageRelease.id == BinaryPublication.release_id)
        .where(
            BinaryPublication.archive_id.in_({archive_id for _, archive_id in places}),
            BinaryPackageRelease.name.in_({name for name, _ in places}),
            BinaryPublication.status.in_(ACTIVE),
        )
    )
    return [_published(publication, release) for publication, release in session.execute(rivals)]


def _published(publication: BinaryPublication, release: BinaryPackageRelease) -> PublishedBinary:
    place = (
        publication.archive_id,
        publication.distroarchseries_id,
        int(publication.pocket),
        release.kind,
        release.name,
    )
    return PublishedBinary(publication.id, place, release.version)
