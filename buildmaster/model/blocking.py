"""Why waiting entries can be given to nobody now: kept on the entry, and changed with its cause.

The causes are shared by many: an entry's place (architecture, pocket, archive) decides but for its own source. So whole
places are blocked and freed, in pieces, and what is free costs the dispatcher nothing.
"""

from collections.abc import Collection
from dataclasses import replace

from sqlalchemy import bindparam, exists, func, select, tuple_, update
from sqlalchemy.orm import Session, aliased

from buildmaster.farm.dispatching import Place, block
from buildmaster.farm.pockets import closed_at_dispatch, is_open
from buildmaster.farm.states import Pocket, Publishing
from buildmaster.farm.titles import build_title
from buildmaster.model.archive import (
    Archive,
    Freeze,
    SourcePackageRelease,
    SourcePackageReleaseFile,
    SourcePublication,
)
from buildmaster.model.builds import Build, BuildQueue
from buildmaster.model.distribution import Distribution, DistroArchSeries, DistroSeries, PocketChroot, Processor
from buildmaster.model.mapping import AnyRow, AnySelect, table_of

QUEUE = table_of(BuildQueue)
PIECE = 500  # entries that are freed or blocked at once


def places(session: Session, entry_ids: Collection[int]) -> dict[int, Place]:
    """Return the places of waiting entries."""
    frozen = _freezes(session)
    rows = session.execute(_query().where(BuildQueue.id.in_(entry_ids)))
    return {row.entry_id: _place(row, frozen) for row in rows}


def blocks(session: Session, entry_ids: Collection[int]) -> frozenset[int]:
    """Return the entries of these that are blocked; keep the reasons on them, and on more of their kind.

    Entries of one place share their causes but for the sources': where one at the head of the queue is blocked, many
    behind it are, and would each come to the head in its turn.
    """
    blocked = _keep_reasons(session, entry_ids)
    if blocked:
        _keep_reasons(session, _alike(session, blocked))
    return blocked


def _keep_reasons(session: Session, entry_ids: Collection[int]) -> frozenset[int]:
    found = {entry_id: block(place) for entry_id, place in places(session, entry_ids).items()}
    rows = [{"e": entry_id, "r": reason} for entry_id, reason in found.items() if reason is not None]
    if rows:
        statement = update(QUEUE).where(QUEUE.c.id == bindparam("e")).values(reason=bindparam("r"))
        session.connection().execute(statement, rows)
    return frozenset(entry_id for entry_id, reason in found.items() if reason is not None)


def _alike(session: Session, entry_ids: Collection[int]) -> list[int]:
    """Return unblocked entries of the same architectures and archives, a piece of them."""
    here = select(Build.distroarchseries_id, Build.archive_id).join(BuildQueue, BuildQueue.build_id == Build.id)
    same = tuple_(Build.distroarchseries_id, Build.archive_id).in_(here.where(BuildQueue.id.in_(entry_ids)))
    query = select(BuildQueue.id).join(Build).where(same, BuildQueue.builder_id.is_(None), BuildQueue.reason.is_(None))
    return list(session.scalars(query.limit(PIECE)))


def look_again(session: Session) -> None:
    """Forget all blocks: a cause has changed. Those that stand are found anew when their entries come to the head."""
    blocked = update(BuildQueue).where(BuildQueue.builder_id.is_(None), BuildQueue.reason.is_not(None))
    session.execute(blocked.values(reason=None))


def review_blocks(session: Session, after: int) -> int | None:
    """Look again at a piece of the blocked entries, beyond the id ``after``; return where to go on, None at the end."""
    query = select(BuildQueue.id, BuildQueue.reason).where(
        BuildQueue.builder_id.is_(None), BuildQueue.reason.is_not(None), BuildQueue.id > after
    )
    rows = session.execute(query.order_by(BuildQueue.id).limit(PIECE)).all()
    now_known = places(session, [row.id for row in rows])
    changed = {row.id: block(now_known[row.id]) for row in rows if block(now_known[row.id]) != row.reason}
    for reason in set(changed.values()):
        ids = [entry_id for entry_id, new in changed.items() if new == reason]
        session.execute(update(BuildQueue).where(BuildQueue.id.in_(ids)).values(reason=reason))
    return rows[-1].id if len(rows) == PIECE else None


Freezes = tuple[tuple[int | None, int | None, str], ...]


def _freezes(session: Session) -> Freezes:
    rows = session.execute(select(Freeze.archive_id, Freeze.processor_id, Freeze.reason))
    return tuple((archive_id, processor_id, reason or "no reason given") for archive_id, processor_id, reason in rows)


def _query() -> AnySelect:
    own_chroot, release_chroot = aliased(PocketChroot), aliased(PocketChroot)
    missing = exists().where(
        SourcePackageReleaseFile.release_id == Build.sourcepackagerelease_id,
        SourcePackageReleaseFile.file_id.is_(None),
    )
    published = exists().where(
        SourcePublication.release_id == Build.sourcepackagerelease_id,
        SourcePublication.archive_id == Build.archive_id,
        SourcePublication.series_id == DistroSeries.id,
        SourcePublication.status == Publishing.PUBLISHED,
    )
    return (
        select(
            BuildQueue.id.label("entry_id"),
            Build.id.label("build_id"),
            Build.pocket,
            Archive.id.label("archive_id"),
            Archive.reference,
            Archive.enabled,
            Archive.purpose,
            Processor.id.label("processor_id"),
            Distribution.name.label("distribution"),
            DistroSeries.name.label("series"),
            DistroSeries.status,
            DistroArchSeries.architecturetag,
            SourcePackageRelease.name.label("source"),
            SourcePackageRelease.version,
            func.coalesce(own_chroot.chroot_id, release_chroot.chroot_id).label("chroot_id"),
            missing.label("missing"),
            (Archive.private & ~published).label("private_unpublished"),
        )
        .select_from(BuildQueue)
        .join(Build, Build.id == BuildQueue.build_id)
        .join(Archive, Archive.id == Build.archive_id)
        .join(DistroArchSeries, DistroArchSeries.id == Build.distroarchseries_id)
        .join(DistroSeries, DistroSeries.id == DistroArchSeries.series_id)
        .join(Distribution, Distribution.id == DistroSeries.distribution_id)
        .join(Processor, Processor.id == BuildQueue.processor_id)
        .join(SourcePackageRelease, SourcePackageRelease.id == Build.sourcepackagerelease_id)
        .outerjoin(
            own_chroot,
            (own_chroot.distroarchseries_id == DistroArchSeries.id) & (own_chroot.pocket == Build.pocket),
        )
        .outerjoin(
            release_chroot,
            (release_chroot.distroarchseries_id == DistroArchSeries.id) & (release_chroot.pocket == Pocket.RELEASE),
        )
    )


def _place(row: AnyRow, freezes: Freezes) -> Place:
    place = Place(
        architecture=f"{row.distribution}/{row.series}/{row.architecturetag}",
        has_chroot=row.chroot_id is not None,
        archive=row.reference,
        archive_enabled=row.enabled,
        frozen=_frozen(row, freezes),
        fetched=not row.missing,
        private_unpublished=bool(row.private_unpublished),
    )
    return place if is_open(row.pocket, row.status, row.purpose) else replace(place, closed=_closed(row))


def _frozen(row: AnyRow, freezes: Freezes) -> str | None:
    for archive_id, processor_id, reason in freezes:
        if archive_id in {None, row.archive_id} and processor_id in {None, row.processor_id}:
            return f"dispatching is frozen: {reason}"
    return None


def _closed(row: AnyRow) -> str:
    title = build_title(row.architecturetag, row.source, row.version, (row.distribution, row.series), row.pocket)
    return closed_at_dispatch(f"{title} ({row.build_id})", row.pocket, row.series)
