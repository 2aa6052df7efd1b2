"""Why waiting entries can be given to nobody now: kept on the entry, and changed with its cause.

The causes are shared by many: an entry's place (architecture, pocket, archive) decides but for its own source. So whole
places are blocked and freed, in pieces, and what is free costs the dispatcher nothing.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from sqlalchemy import bindparam, exists, or_, select, tuple_, update
from sqlalchemy.orm import Session

from buildmaster.farm.dispatching import Place, block
from buildmaster.farm.pockets import closed_at_dispatch, is_open
from buildmaster.farm.states import Pocket, Publishing
from buildmaster.farm.titles import build_title
from buildmaster.model.archive import Archive, Freeze, SourcePackageReleaseFile, SourcePublication
from buildmaster.model.builds import Build, BuildQueue
from buildmaster.model.distribution import DistroArchSeries, PocketChroot
from buildmaster.model.mapping import AnySelect, table_of

QUEUE = table_of(BuildQueue)
PIECE = 500  # entries that are freed or blocked at once


def places(session: Session, entry_ids: Collection[int]) -> dict[int, Place]:
    """Return the places of waiting entries: what many of them share is asked for once."""
    rows = session.execute(_entries(entry_ids)).all()
    shared = {key: _shared(session, *key) for key in {row[2:6] for row in rows}}
    found = {row.id: replace(shared[row[2:6]][0], fetched=not row.missing, unmet=row.unmet) for row in rows}
    for row in rows:
        private, closed = shared[row[2:6]][1:]
        if private or closed:
            found[row.id] = replace(found[row.id], **_own(session, row.build_id, private=private, closed=closed))
    return found


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
    if blocked:
        statement = update(QUEUE).where(QUEUE.c.id == bindparam("e")).values(reason=bindparam("r"))
        session.connection().execute(statement, [{"e": entry_id, "r": reason} for entry_id, reason in blocked.items()])
    return blocked


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
    found = {row.id: block(now_known[row.id]) for row in rows}
    changed = {row.id: found[row.id] for row in rows if not _says(row.reason, found[row.id])}
    for reason in set(changed.values()):
        ids = [entry_id for entry_id, new in changed.items() if new == reason]
        session.execute(update(BuildQueue).where(BuildQueue.id.in_(ids)).values(reason=reason))
    return rows[-1].id if len(rows) == PIECE else None


def _says(kept: str, found: str | None) -> bool:
    """Tell whether the reason that is kept is the one found, perhaps with more detail than can be found here."""
    return found is not None and (kept == found or kept.startswith(f"{found}: "))


def _entries(entry_ids: Collection[int]) -> AnySelect:
    missing = exists().where(
        SourcePackageReleaseFile.release_id == Build.sourcepackagerelease_id,
        SourcePackageReleaseFile.file_id.is_(None),
    )
    shared = (Build.distroarchseries_id, Build.pocket, Build.archive_id, BuildQueue.processor_id)
    query = select(BuildQueue.id, Build.id.label("build_id"), *shared, missing.label("missing"), Build.unmet).join(
        Build
    )
    return query.where(BuildQueue.id.in_(entry_ids))


def _shared(
    session: Session, architecture_id: int, pocket: Pocket, archive_id: int, processor_id: int
) -> tuple[Place, bool, bool]:
    """Return what entries of one place share; whether the archive is private; whether the pocket is closed."""
    architecture = session.get_one(DistroArchSeries, architecture_id)
    archive, series = session.get_one(Archive, archive_id), architecture.series
    chroot = select(PocketChroot.id).where(
        PocketChroot.distroarchseries_id == architecture_id, PocketChroot.pocket.in_((pocket, Pocket.RELEASE))
    )
    place = Place(
        architecture=f"{series.distribution.name}/{series.name}/{architecture.architecturetag}",
        has_chroot=session.scalar(chroot.limit(1)) is not None,
        archive=archive.reference,
        archive_enabled=archive.enabled,
        frozen=_frozen(session, archive_id, processor_id),
    )
    return place, archive.private, not is_open(pocket, series.status, archive.purpose)


def _frozen(session: Session, archive_id: int, processor_id: int) -> str | None:
    query = select(Freeze.reason).where(
        or_(Freeze.archive_id.is_(None), Freeze.archive_id == archive_id),
        or_(Freeze.processor_id.is_(None), Freeze.processor_id == processor_id),
    )
    row = session.execute(query.order_by(Freeze.id).limit(1)).first()
    return None if row is None else f"dispatching is frozen: {row.reason or 'no reason given'}"


def _own(session: Session, build_id: int, *, private: bool, closed: bool) -> dict[str, Any]:  # Any: a place's fields
    """Return what depends on the build itself, where its archive is private or its pocket closed."""
    build = session.get_one(Build, build_id)
    own: dict[str, Any] = {"private_unpublished": private and not _published(session, build)}  # Any: as above
    if closed:
        series, release = build.architecture.series, build.release
        names = (series.distribution.name, series.name)
        title = build_title(build.architecture.architecturetag, release.name, release.version, names, build.pocket)
        own["closed"] = closed_at_dispatch(f"{title} ({build_id})", build.pocket, series.name)
    return own


def _published(session: Session, build: Build) -> bool:
    published = exists().where(
        SourcePublication.release_id == build.sourcepackagerelease_id,
        SourcePublication.archive_id == build.archive_id,
        SourcePublication.series_id == build.architecture.series_id,
        SourcePublication.status == Publishing.PUBLISHED,
    )
    return bool(session.scalar(select(published)))
