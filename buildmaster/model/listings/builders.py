"""List builders, with what they do."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session, selectinload

from buildmaster.farm.builders.statustext import Holding, Standing, available, sentence
from buildmaster.farm.text.titles import build_title
from buildmaster.model.queue.places import with_place
from buildmaster.model.tables.archive import Archive, SourcePackageRelease
from buildmaster.model.tables.builders import Builder, find_builder
from buildmaster.model.tables.builds import Build, BuildQueue
from buildmaster.model.tables.distribution import Distribution, DistroArchSeries, DistroSeries

HELD = with_place(
    select(
        BuildQueue.builder_id,
        BuildQueue.build_id,
        BuildQueue.buildstart,
        BuildQueue.logtail,
        BuildQueue.held_for,
        Build.buildstate,
        Build.pocket,
        DistroArchSeries.architecturetag,
        SourcePackageRelease.name,
        SourcePackageRelease.version,
        Distribution.name.label("distribution"),
        DistroSeries.name.label("series"),
        Archive.owner,
    )
    .join(Build, Build.id == BuildQueue.build_id)
    .where(BuildQueue.builder_id.is_not(None))
)
HeldRow = Row[*tuple[Any, ...]]  # Any: the columns of HELD, by their names


@dataclass(frozen=True)
class BuilderListing:
    """A builder as scripts and people see it. ``status`` is a sentence; ``build`` is the id of the one it holds."""

    name: str
    title: str
    url: str
    processors: tuple[str, ...]
    trusted: bool
    is_available: bool
    builderok: bool
    failed_by: str | None
    failnotes: str | None
    date_failed: datetime | None
    next_probe: datetime | None
    manual: bool
    vm_host: str | None
    clean_status: str
    failure_count: int
    version: str | None
    status: str
    build: int | None
    logtail: str | None
    last_seen: datetime | None


def builders(session: Session, now: datetime) -> list[BuilderListing]:
    """Return all builders that are not removed, by name."""
    rows = select(Builder).where(Builder.date_removed.is_(None)).options(selectinload(Builder.processors))
    held = {row.builder_id: row for row in session.execute(HELD)}
    return [_listing(row, held.get(row.id), now) for row in session.scalars(rows.order_by(Builder.name))]


def show_builder(session: Session, name: str, now: datetime) -> BuilderListing:
    """Return the builder called ``name``."""
    builder = find_builder(session, name)
    held = session.execute(HELD.where(BuildQueue.builder_id == builder.id)).first()
    return _listing(builder, held, now)


def _listing(row: Builder, held: HeldRow | None, now: datetime) -> BuilderListing:
    standing = _standing(row, held)
    return BuilderListing(
        name=row.name,
        title=row.title,
        url=row.url,
        processors=tuple(processor.name for processor in row.processors),
        trusted=row.trusted,
        is_available=available(standing),
        builderok=row.builderok,
        failed_by=row.failed_by,
        failnotes=row.failnotes,
        date_failed=row.date_failed,
        next_probe=row.next_probe,
        manual=row.manual,
        vm_host=row.vm_host,
        clean_status=row.clean_status.name,
        failure_count=row.failure_count,
        version=row.version,
        status=sentence(standing, now),
        build=held.build_id if held else None,
        logtail=held.logtail if held else None,
        last_seen=row.last_seen,
    )


def _standing(row: Builder, held: HeldRow | None) -> Standing:
    return Standing(
        builderok=row.builderok,
        failed_by=row.failed_by,
        failnotes=row.failnotes,
        date_failed=row.date_failed,
        next_probe=row.next_probe,
        manual=row.manual,
        clean_status=row.clean_status,
        clean_since=row.clean_since,
        silent_scans=row.silent_scans,
        silence=row.silence,
        last_seen=row.last_seen,
        holding=_holding(held) if held else None,
    )


def _holding(held: HeldRow) -> Holding:
    title = build_title(held.architecturetag, held.name, held.version, (held.distribution, held.series), held.pocket)
    owner = f" [{held.owner}]" if held.owner else ""
    return Holding(title + owner, held.buildstate, held.buildstart, held.held_for)
