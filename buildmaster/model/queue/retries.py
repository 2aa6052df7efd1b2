"""Try builds again, one or many."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.orm import Session

from buildmaster.errors import BuildmasterError
from buildmaster.farm.queue.retries import retry_refusal
from buildmaster.farm.text.titles import build_title
from buildmaster.farm.vocabulary.archives import ACTIVE, Pocket
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.queue.places import with_place
from buildmaster.model.tables.archive import Archive, SourcePackageRelease, SourcePublication
from buildmaster.model.tables.builds import Build, BuildQueue, no_build
from buildmaster.model.tables.distribution import Distribution, DistroArchSeries, DistroSeries

FRESH = {
    "buildstate": BuildState.NEEDSBUILD,
    "datebuilt": None,
    "buildduration": None,
    "builder_id": None,
    "buildlog_id": None,
    "upload_log_id": None,
    "dependencies": None,
    "failure": None,
}


@dataclass(frozen=True)
class Retriable:
    """A build that somebody wants to be tried again. ``refusal`` is why it can't be, None if it can."""

    id: int
    title: str
    refusal: str | None


class NotRetriableError(BuildmasterError):
    """The build can't be tried again."""


def retry(session: Session, now: datetime, build_id: int) -> None:
    """Put a build that ended back into the queue, its failures forgotten; raise NotRetriableError if it can't be.

    The caller nudges the queue builder, which scores the new entry.
    """
    reason = refusal(session, build_id)
    if reason is not None:
        raise NotRetriableError(f"build {build_id} can't be retried: {reason}")
    put_back(session, now, build_id, failure_count=0, dependency_retries=0)


def refusal(session: Session, build_id: int) -> str | None:
    """Return why a build can't be retried, or None if it can; lock it until the transaction ends."""
    session.execute(select(Build.id).where(Build.id == build_id).with_for_update())
    for build in _found(session, Build.id == build_id):
        return build.refusal
    raise no_build(build_id)


def put_back(session: Session, now: datetime, build_id: int, **values: object) -> None:
    """Queue a build that ended, to be scored; ``values`` are columns of it to be set besides."""
    session.execute(update(Build).where(Build.id == build_id).values(**(FRESH | values)))
    build = session.execute(
        select(Build.processor_id, Archive.trusted)
        .join(Archive, Archive.id == Build.archive_id)
        .where(Build.id == build_id),
    ).one()
    entry = BuildQueue(build_id=build_id, created=now, is_trusted=build.trusted, processor_id=build.processor_id)
    session.add(entry)
    session.flush()


def retriable(
    session: Session,
    state: BuildState,
    suite: tuple[str, Pocket] | None = None,
    tag: str | None = None,
) -> list[Retriable]:
    """Return the builds in ``state``, of a suite and for an architecture if given, and whether each can be."""
    wanted: list[ColumnElement[bool]] = [Build.buildstate == state]
    if suite is not None:
        wanted += [DistroSeries.name == suite[0], Build.pocket == suite[1]]
    if tag is not None:
        wanted.append(DistroArchSeries.architecturetag == tag)
    return _found(session, *wanted)


def _found(session: Session, *wanted: ColumnElement[bool]) -> list[Retriable]:
    rows: Sequence[Any] = session.execute(_query().where(*wanted).order_by(Build.id)).all()
    return [Retriable(row.id, _title(row), _refusal(row)) for row in rows]


def _title(row: Any) -> str:  # Any: a row of many columns
    return build_title(row.tag, row.source, row.version, (row.distribution, row.series), row.pocket)


def _refusal(row: Any) -> str | None:  # Any: a row of many columns
    return retry_refusal(
        row.buildstate,
        row.purpose,
        row.pocket,
        (row.series, row.status),
        published=row.published,
    )


def _query() -> Any:  # Any: a select of many columns
    published = exists().where(
        SourcePublication.release_id == Build.sourcepackagerelease_id,
        SourcePublication.archive_id == Build.archive_id,
        SourcePublication.series_id == DistroArchSeries.series_id,
        SourcePublication.status.in_(ACTIVE),
    )
    return with_place(
        select(
            *(Build.id, Build.buildstate, Build.pocket, Archive.purpose, DistroSeries.status),
            *(DistroArchSeries.architecturetag.label("tag"), DistroSeries.name.label("series")),
            *(SourcePackageRelease.name.label("source"), SourcePackageRelease.version),
            *(Distribution.name.label("distribution"), published.label("published")),
        )
    )
