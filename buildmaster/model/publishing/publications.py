"""Make what waits for it published, a batch at a time, and supersede what it replaces."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, bindparam, exists, func, select, update
from sqlalchemy.orm import Session

from buildmaster.farm.publishing.dominating import PublishedBinary, replaced
from buildmaster.farm.vocabulary.archives import ACTIVE, Publishing
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.tables.archive import (
    PENDING,
    BinaryPackageRelease,
    BinaryPublication,
    SourcePackageReleaseFile,
    SourcePublication,
)
from buildmaster.model.tables.builds import Build
from buildmaster.model.tables.mapping import IDS, by_no_index, table_of

BATCH = 200  # publications of either kind in a transaction
SOURCE, FILE, BUILD = table_of(SourcePublication), table_of(SourcePackageReleaseFile), table_of(Build)
BINARY, RELEASE = table_of(BinaryPublication), table_of(BinaryPackageRelease)
ARCHIVES: BindParameter[int] = bindparam("archives", expanding=True)
NAMES: BindParameter[str] = bindparam("names", expanding=True)
NOW: BindParameter[datetime] = bindparam("now")
UNFETCHED = exists().where(FILE.c.release_id == SOURCE.c.release_id, FILE.c.file_id.is_(None))
SOURCES = select(SOURCE.c.id).where(PENDING, SOURCE.c.id > bindparam("after"), ~UNFETCHED)
SOURCES = SOURCES.order_by(SOURCE.c.id).limit(BATCH)
LAST_SOURCE = select(func.coalesce(func.max(SOURCE.c.id), 0))
BINARIES = (
    select(BINARY.c.id, BINARY.c.archive_id, RELEASE.c.name)
    .join_from(BINARY, RELEASE, RELEASE.c.id == BINARY.c.release_id)
    .where(PENDING)
    .order_by(BINARY.c.id)
    .limit(BATCH)
)
RIVALS = (
    select(
        *(BINARY.c.id, BINARY.c.archive_id, BINARY.c.distroarchseries_id, BINARY.c.pocket),
        *(RELEASE.c.kind, RELEASE.c.name, RELEASE.c.version),
    )
    .join_from(BINARY, RELEASE, RELEASE.c.id == BINARY.c.release_id)
    .where(RELEASE.c.name.in_(NAMES), by_no_index(BINARY.c.archive_id).in_(ARCHIVES), BINARY.c.status.in_(ACTIVE))
)
DONE = {"status": Publishing.PUBLISHED, "date_published": NOW}
PUBLISH_SOURCES = update(SOURCE).where(SOURCE.c.id.in_(IDS), PENDING).values(**DONE)
PUBLISH_BINARIES = update(BINARY).where(BINARY.c.id.in_(IDS), PENDING).values(**DONE)
REPLACED = {"status": Publishing.SUPERSEDED, "date_superseded": NOW}
SUPERSEDE = update(BINARY).where(BINARY.c.id.in_(IDS), BINARY.c.status.in_(ACTIVE)).values(**REPLACED)
WAITED_FOR = select(exists().where(BUILD.c.buildstate == BuildState.MANUALDEPWAIT))


@dataclass(frozen=True)
class Published:
    """How many publications there were; whether builds wait for dependencies, perhaps for these; whether more wait.

    ``last`` is the last source publication that there is.
    """

    sources: int
    binaries: int
    waited_for: bool
    more: bool
    last: int


def publish(session: Session, now: datetime, after: int = 0) -> Published:
    """Publish some binaries that wait, and some sources, beyond the publication ``after``, that wait."""
    last = session.connection().execute(LAST_SOURCE).scalar_one()
    sources, binaries = publish_sources(session, now, after), publish_binaries(session, now)
    waited_for = bool(binaries and session.connection().execute(WAITED_FOR).scalar_one())
    return Published(sources, binaries, waited_for, BATCH in {sources, binaries}, last)


def publish_sources(session: Session, now: datetime, after: int = 0) -> int:
    """Publish some sources that wait and whose files are all in the librarian; return how many."""
    ids = session.connection().execute(SOURCES, {"after": after}).scalars().all()
    if ids:
        session.connection().execute(PUBLISH_SOURCES, {"ids": ids, "now": now})
    return len(ids)


def publish_binaries(session: Session, now: datetime) -> int:
    """Publish some binaries that wait, and supersede those of them, and of what was there, that others replace."""
    rows = session.connection().execute(BINARIES).all()
    if rows:
        session.connection().execute(PUBLISH_BINARIES, {"ids": [row.id for row in rows], "now": now})
        losers = replaced(_rivals(session, {row.archive_id for row in rows}, {row.name for row in rows}))
        if losers:
            session.connection().execute(SUPERSEDE, {"ids": sorted(losers), "now": now})
    return len(rows)


def _rivals(session: Session, archive_ids: Collection[int], names: Collection[str]) -> list[PublishedBinary]:
    """Return the active publications of these names in these archives."""
    rows = session.connection().execute(RIVALS, {"archives": sorted(archive_ids), "names": sorted(names)})
    return [
        PublishedBinary(id_, (archive_id, architecture_id, int(pocket), kind, name), version)
        for id_, archive_id, architecture_id, pocket, kind, name, version in rows
    ]
