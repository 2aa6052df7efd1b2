"""Why waiting entries can be given to nobody now: kept on the entry, and changed with its cause.

The causes are shared by many: an entry's place (architecture, pocket, archive) decides but for its own source. So whole
places are blocked and freed, in pieces, and what is free costs the dispatcher nothing.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Select, bindparam, exists, select, tuple_, update
from sqlalchemy.orm import Session

from buildmaster.farm.queue.dispatching import Place, block
from buildmaster.farm.text.titles import build_title
from buildmaster.farm.vocabulary.archives import Pocket, Publishing
from buildmaster.farm.vocabulary.pockets import closed_at_dispatch, is_open
from buildmaster.model.tables.archive import (
    Archive,
    Freeze,
    SourcePackageRelease,
    SourcePackageReleaseFile,
    SourcePublication,
)
from buildmaster.model.tables.builds import Build, BuildQueue
from buildmaster.model.tables.distribution import Distribution, DistroArchSeries, DistroSeries, PocketChroot
from buildmaster.model.tables.mapping import IDS, AnyRow, AnySelect, table_of

QUEUE, BUILD, ARCHIVE = table_of(BuildQueue), table_of(Build), table_of(Archive)
ARCHITECTURE, SERIES, DISTRIBUTION = table_of(DistroArchSeries), table_of(DistroSeries), table_of(Distribution)
SOURCE, FILE, PUBLISHED = (
    table_of(kind) for kind in (SourcePackageRelease, SourcePackageReleaseFile, SourcePublication)
)
CHROOT, FREEZE = table_of(PocketChroot), table_of(Freeze)
PIECE = 500  # entries that are freed or blocked at once

SHARED = (BUILD.c.distroarchseries_id, BUILD.c.pocket, BUILD.c.archive_id, QUEUE.c.processor_id)
ENTRIES: AnySelect = (
    select(QUEUE.c.id, QUEUE.c.build_id, *SHARED, BUILD.c.unmet)
    .add_columns(
        exists().where(FILE.c.release_id == BUILD.c.sourcepackagerelease_id, FILE.c.file_id.is_(None)).label("missing"),
    )
    .join_from(QUEUE, BUILD, BUILD.c.id == QUEUE.c.build_id)
    .where(QUEUE.c.id.in_(IDS))
)
PLACE: AnySelect = (
    select(DISTRIBUTION.c.name.label("distribution"), SERIES.c.name.label("series"), SERIES.c.status)
    .add_columns(ARCHITECTURE.c.architecturetag.label("tag"))
    .add_columns(ARCHIVE.c.reference, ARCHIVE.c.enabled, ARCHIVE.c.private, ARCHIVE.c.purpose)
    .add_columns(
        exists()
        .where(
            CHROOT.c.distroarchseries_id == ARCHITECTURE.c.id,
            CHROOT.c.pocket.in_((bindparam("pocket"), Pocket.RELEASE)),
        )
        .label("has_chroot"),
    )
    .join_from(ARCHITECTURE, SERIES, SERIES.c.id == ARCHITECTURE.c.series_id)
    .join(DISTRIBUTION, DISTRIBUTION.c.id == SERIES.c.distribution_id)
    .join(ARCHIVE, ARCHIVE.c.id == bindparam("archive"))
    .where(ARCHITECTURE.c.id == bindparam("architecture"))
)
FREEZES: Select[int | None, int | None, str | None] = select(
    FREEZE.c.archive_id, FREEZE.c.processor_id, FREEZE.c.reason
).order_by(FREEZE.c.id)
OWN: AnySelect = (
    select(BUILD.c.id, BUILD.c.pocket, SOURCE.c.name, SOURCE.c.version)
    .add_columns(
        exists()
        .where(
            PUBLISHED.c.release_id == BUILD.c.sourcepackagerelease_id,
            PUBLISHED.c.archive_id == BUILD.c.archive_id,
            PUBLISHED.c.series_id == ARCHITECTURE.c.series_id,
            PUBLISHED.c.status == Publishing.PUBLISHED,
        )
        .label("published"),
    )
    .join_from(BUILD, SOURCE, SOURCE.c.id == BUILD.c.sourcepackagerelease_id)
    .join(ARCHITECTURE, ARCHITECTURE.c.id == BUILD.c.distroarchseries_id)
    .where(BUILD.c.id.in_(IDS))
)
BLOCKED: Select[int, str | None] = (
    select(QUEUE.c.id, QUEUE.c.reason)
    .where(QUEUE.c.builder_id.is_(None), QUEUE.c.reason.is_not(None), QUEUE.c.id > bindparam("after"))
    .order_by(QUEUE.c.id)
    .limit(PIECE)
)
KEEP = update(QUEUE).where(QUEUE.c.id.in_(IDS)).values(reason=bindparam("why"))


@dataclass(frozen=True)
class _Shared:
    """What entries of one place share; ``open`` is whether the pocket is."""

    place: Place
    names: tuple[str, str]
    tag: str
    private: bool
    open: bool


def places(session: Session, entry_ids: Collection[int]) -> dict[int, Place]:
    """Return the places of waiting entries: what many of them share is asked for once."""
    if not entry_ids:
        return {}
    connection = session.connection()
    rows = connection.execute(ENTRIES, {"ids": list(entry_ids)}).all()
    freezes = connection.execute(FREEZES).all()
    shared = {key: _shared(connection, freezes, *key) for key in {row[2:6] for row in rows}}
    particular = [row.build_id for row in rows if shared[row[2:6]].private or not shared[row[2:6]].open]
    own = {row.id: row for row in connection.execute(OWN, {"ids": particular})} if particular else {}
    return {row.id: _place(row, shared[row[2:6]], own.get(row.build_id)) for row in rows}


def blocks(session: Session, entry_ids: Collection[int]) -> dict[int, str]:
    """Return the entries of these that are blocked, and why; keep the reasons on them, and on more of their kind.

    Entries of one place share their causes but for the sources': where one at the head of the queue is blocked, many
    behind it are, and would each come to the head in its turn.
    """
    blocked = _keep_reasons(session, entry_ids)
    if blocked:
        _keep_reasons(session, _alike(session, blocked))
    return blocked


def _keep_reasons(session: Session, entry_ids: Collection[int]) -> dict[int, str]:
    found = {entry_id: block(place) for entry_id, place in places(session, entry_ids).items()}
    blocked = {entry_id: reason for entry_id, reason in found.items() if reason is not None}
    _keep(session, blocked)
    return blocked


def _keep(session: Session, reasons: Mapping[int, str | None]) -> None:
    for why in set(reasons.values()):
        ids = [entry_id for entry_id, reason in reasons.items() if reason == why]
        session.connection().execute(KEEP, {"ids": ids, "why": why})


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


def review_blocks(session: Session, after: int) -> int:
    """Look again at a piece of the blocked entries, beyond the id ``after``; return where to go on, 0 at the end."""
    rows = session.connection().execute(BLOCKED, {"after": after}).all()
    now_known = places(session, [row.id for row in rows])
    found = {row.id: block(now_known[row.id]) for row in rows}
    _keep(session, {row.id: found[row.id] for row in rows if not _says(row.reason, found[row.id])})
    last: int = rows[-1].id if len(rows) == PIECE else 0
    return last


def _says(kept: str | None, found: str | None) -> bool:
    """Tell whether the reason that is kept is the one found, perhaps with more detail than can be found here."""
    return kept is not None and found is not None and (kept == found or kept.startswith(f"{found}: "))


def _shared(
    connection: Connection,
    freezes: Iterable[AnyRow],
    architecture_id: int,
    pocket: Pocket,
    archive_id: int,
    processor_id: int,
) -> _Shared:
    where = {"architecture": architecture_id, "pocket": pocket, "archive": archive_id}
    row = connection.execute(PLACE, where).one()
    place = Place(
        architecture=f"{row.distribution}/{row.series}/{row.tag}",
        has_chroot=row.has_chroot,
        archive=row.reference,
        archive_enabled=row.enabled,
        frozen=_frozen(freezes, archive_id, processor_id),
    )
    names = row.distribution, row.series
    return _Shared(place, names, row.tag, row.private, is_open(pocket, row.status, row.purpose))


def _frozen(freezes: Iterable[AnyRow], archive_id: int, processor_id: int) -> str | None:
    """Return the reason of the first freeze that holds for an archive and a processor."""
    for archive, processor, reason in freezes:
        if archive in {None, archive_id} and processor in {None, processor_id}:
            return f"dispatching is frozen: {reason or 'no reason given'}"
    return None


def _place(entry: AnyRow, shared: _Shared, own: AnyRow | None) -> Place:
    """Return the place of an entry. ``own`` is there where its archive is private or its pocket closed."""
    place = shared.place
    if entry.missing or entry.unmet is not None:
        place = replace(place, fetched=not entry.missing, unmet=entry.unmet)
    if own is None:
        return place
    closed = None if shared.open else _closed(shared, own)
    return replace(place, private_unpublished=shared.private and not own.published, closed=closed)


def _closed(shared: _Shared, own: AnyRow) -> str:
    title = build_title(shared.tag, own.name, own.version, shared.names, own.pocket)
    return closed_at_dispatch(f"{title} ({own.id})", own.pocket, shared.names[1])
