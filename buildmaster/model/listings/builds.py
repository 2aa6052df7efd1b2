"""List builds, and show all of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from buildmaster.farm.queue.starts import Start
from buildmaster.farm.text.titles import build_title
from buildmaster.farm.vocabulary.archives import Pocket
from buildmaster.farm.vocabulary.references import ArchiveReference
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.dispatch.starts import span_of, start_of, starts
from buildmaster.model.listings.buildparts import AttemptListing, BinaryListing, attempts_of, binaries_of, link
from buildmaster.model.queue.places import with_place
from buildmaster.model.queue.rescoring import current_component
from buildmaster.model.tables.archive import Archive, SourcePackageRelease, find_archive
from buildmaster.model.tables.builders import Builder, find_builder
from buildmaster.model.tables.builds import Build, BuildQueue, no_build
from buildmaster.model.tables.distribution import Distribution, DistroArchSeries, DistroSeries
from buildmaster.model.tables.files import StoredFile
from buildmaster.model.tables.mapping import AnyRow, AnySelect

BUILDS = (
    with_place(
        select(
            Build.id,
            Build.buildstate,
            Build.pocket,
            Build.datecreated,
            Build.datebuilt,
            Build.buildduration,
            Build.dependencies,
            Build.failure,
            SourcePackageRelease.name.label("source"),
            SourcePackageRelease.version,
            current_component(),
            Archive.reference,
            DistroArchSeries.architecturetag,
            DistroSeries.name.label("series"),
            Distribution.name.label("distribution"),
            Builder.name.label("builder"),
            BuildQueue.lastscore,
            BuildQueue.manual,
            func.coalesce(BuildQueue.held_for, BuildQueue.reason).label("reason"),
            StoredFile.id.label("log_id"),
            StoredFile.filename.label("log_name"),
        )
    )
    .outerjoin(BuildQueue, BuildQueue.build_id == Build.id)
    .outerjoin(Builder, Builder.id == func.coalesce(BuildQueue.builder_id, Build.builder_id))
    .outerjoin(StoredFile, StoredFile.id == Build.buildlog_id)
)


@dataclass(frozen=True)
class BuildListing:
    """A build as scripts and people see it: ``duration`` is in seconds, ``architecture`` is the tag.

    ``started`` and ``finished`` are of the latest attempt; a build that waits (again) has neither.
    """

    id: int
    title: str
    archive: str
    source: str
    version: str
    component: str
    suite: str
    architecture: str
    state: str
    builder: str | None
    score: int | None
    manual_score: bool
    created: datetime
    started: datetime | None
    finished: datetime | None
    duration: float | None
    dependencies: str | None
    attempt: int
    attempts: tuple[AttemptListing, ...]
    log_url: str | None
    failure: str | None
    binaries: tuple[BinaryListing, ...]
    estimated_start: datetime | None
    estimated_span: tuple[datetime, datetime] | None
    reason: str | None


@dataclass(frozen=True)
class Wanted:
    """Which builds to list; None is any. ``builder`` is a name; ``before`` is the id that a page ended with."""

    state: BuildState | None = None
    archive: ArchiveReference | None = None
    source: str | None = None
    builder: str | None = None
    series: str | None = None
    pocket: Pocket | None = None
    tag: str | None = None
    before: int | None = None


@dataclass(frozen=True)
class Context:
    """What listings depend on besides the rows: ``base``, the farm's public address, and the time."""

    base: str
    now: datetime


@dataclass(frozen=True)
class Parts:
    """What builds consist of, by their ids."""

    attempts: dict[int, tuple[AttemptListing, ...]]
    binaries: dict[int, tuple[BinaryListing, ...]]
    starts: dict[int, Start | None]


def builds(session: Session, wanted: Wanted, limit: int, context: Context) -> list[BuildListing]:
    """Return the ``limit`` newest builds that are wanted, newest first."""
    rows = session.execute(_narrowed(session, wanted).order_by(Build.id.desc()).limit(limit)).all()
    return _listings(session, rows, context)


def show_build(session: Session, build_id: int, context: Context) -> BuildListing:
    """Return all of a build."""
    rows = session.execute(BUILDS.where(Build.id == build_id)).all()
    if not rows:
        raise no_build(build_id)
    return _listings(session, rows, context)[0]


def _narrowed(session: Session, wanted: Wanted) -> AnySelect:
    archive = find_archive(session, wanted.archive).id if wanted.archive else None
    named = select(Builder.id).where(Builder.name == wanted.builder).limit(1)
    if wanted.builder is not None and session.scalar(named) is None:
        find_builder(session, wanted.builder)  # raises: not even a removed one has this name
    claims = (
        (wanted.state, Build.buildstate == wanted.state),
        (archive, Build.archive_id == archive),
        (wanted.source, SourcePackageRelease.name == wanted.source),
        (wanted.builder, Builder.name == wanted.builder),
        (wanted.series, DistroSeries.name == wanted.series),
        (wanted.pocket, Build.pocket == wanted.pocket),
        (wanted.tag, DistroArchSeries.architecturetag == wanted.tag),
        (wanted.before, Build.id < (wanted.before or 0)),
    )
    return BUILDS.where(*(claim for value, claim in claims if value is not None))


def _listings(session: Session, rows: Sequence[AnyRow], context: Context) -> list[BuildListing]:
    ids = [row.id for row in rows]
    waiting = [row.id for row in rows if row.buildstate is BuildState.NEEDSBUILD]
    parts = Parts(
        attempts=attempts_of(session, ids, context.base),
        binaries=binaries_of(session, ids, context.base),
        starts=starts(session, context.now, waiting) if waiting else {},
    )
    return [_listing(row, parts, context.base) for row in rows]


def _listing(row: AnyRow, parts: Parts, base: str) -> BuildListing:
    attempts = parts.attempts.get(row.id, ())
    latest = attempts[-1] if attempts and row.buildstate is not BuildState.NEEDSBUILD else None
    return BuildListing(
        **_of_row(row),
        started=latest.started if latest else None,
        finished=latest.finished if latest else row.datebuilt,
        attempt=attempts[-1].number if attempts else 0,
        attempts=attempts,
        log_url=link(base, row.log_id, row.log_name),
        binaries=parts.binaries.get(row.id, ()),
        estimated_start=start_of(parts.starts, row.id),
        estimated_span=span_of(parts.starts, row.id),
    )


def _of_row(row: AnyRow) -> dict[str, Any]:  # Any: fields of several types
    """Return the fields of a listing that a build's row tells."""
    return {
        "id": row.id,
        "title": build_title(row.architecturetag, row.source, row.version, (row.distribution, row.series), row.pocket),
        "archive": row.reference,
        "source": row.source,
        "version": row.version,
        "component": row.component,
        "suite": row.series + row.pocket.suffix,
        "architecture": row.architecturetag,
        "state": row.buildstate.name,
        "builder": row.builder,
        "score": row.lastscore,
        "manual_score": bool(row.manual),
        "created": row.datecreated,
        "duration": row.buildduration,
        "dependencies": row.dependencies,
        "failure": row.failure,
        "reason": row.reason,
    }
