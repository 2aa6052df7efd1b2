"""Score the entries whose age has come to a next step."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, func, select, update
from sqlalchemy.orm import Session

from buildmaster.farm.queue.scoring import Scored, Weights, age_step, score, step_age
from buildmaster.farm.vocabulary.archives import ACTIVE
from buildmaster.model.tables.archive import Archive, SourcePackageRelease, SourcePublication
from buildmaster.model.tables.builds import AGEING, Build, BuildQueue
from buildmaster.model.tables.distribution import DistroArchSeries

ENTRY: Any = BuildQueue.__table__  # Any: the declarative base types it as a FromClause, which update() refuses


def rescore_due(session: Session, now: datetime, weights: Weights, limit: int) -> int:
    """Score up to ``limit`` entries that were never scored, or whose score changes with age; return how many.

    An entry that was scored by hand keeps its score.
    """
    ids = _due(session, now, weights, limit)
    if ids:
        rows = session.execute(_facts().where(ENTRY.c.id.in_(ids)))
        _store(session, [_scored_row(row, now, weights) for row in rows])
    return len(ids)


def _due(session: Session, now: datetime, weights: Weights, limit: int) -> list[int]:
    """Return entries that are to be scored: by each step that entries are at, those that are older than it lasts."""
    found = list(session.scalars(_ageing(ENTRY.c.score_step.is_(None), limit)))
    for step in _steps(session):
        age = step_age(step, weights)
        if age is not None and len(found) < limit:
            older = and_(ENTRY.c.score_step == step, ENTRY.c.created < now - timedelta(seconds=age))
            found += session.scalars(_ageing(older, limit - len(found)))
    return found


def _steps(session: Session) -> Iterator[int]:
    """Yield the steps that entries are at, with one look into the index for each."""
    step = session.scalar(_by_age(func.min(ENTRY.c.score_step)))
    while step is not None:
        yield step
        step = session.scalar(_by_age(func.min(ENTRY.c.score_step)).where(ENTRY.c.score_step > step))


def _ageing(which: ColumnElement[bool], limit: int) -> Select[int]:
    return _by_age(ENTRY.c.id).where(which).limit(limit)


def _by_age(column: ColumnElement[int]) -> Select[int]:
    """Return a query of the entries that age: those that builders hold too, or SQLite would take a worse index."""
    return select(column).select_from(ENTRY).where(AGEING)


def _facts() -> Select[Any]:
    return (
        select(
            *(ENTRY.c.id, ENTRY.c.created, SourcePackageRelease.section, SourcePackageRelease.urgency),
            *(Build.pocket, current_component(), Archive.purpose, Archive.private, Archive.score),
        )
        .select_from(ENTRY)
        .join(Build, Build.id == ENTRY.c.build_id)
        .join(SourcePackageRelease, SourcePackageRelease.id == Build.sourcepackagerelease_id)
        .join(Archive, Archive.id == Build.archive_id)
        .join(DistroArchSeries, DistroArchSeries.id == Build.distroarchseries_id)
    )


def current_component() -> ColumnElement[str]:
    """Return the component of a build: its source's newest active publication's there, else the source's own."""
    published = (
        select(SourcePublication.component)
        .where(
            SourcePublication.release_id == Build.sourcepackagerelease_id,
            SourcePublication.archive_id == Build.archive_id,
            SourcePublication.series_id == DistroArchSeries.series_id,
            SourcePublication.status.in_(ACTIVE),
        )
        .order_by(SourcePublication.id.desc())
        .limit(1)
        .correlate(Build, DistroArchSeries)
        .scalar_subquery()
    )
    return func.coalesce(published, SourcePackageRelease.component).label("component")


def _scored_row(row: Row[Any], now: datetime, weights: Weights) -> dict[str, int]:
    entry = Scored(row.section, row.urgency, row.pocket, row.component, row.purpose, row.private, row.score)
    return {
        "entry_id": row.id,
        "points": score(entry, row.created, now, weights).total,
        "step": age_step(row.created, now, weights),
    }


def _store(session: Session, rows: Sequence[dict[str, int]]) -> None:
    one = update(ENTRY).where(ENTRY.c.id == bindparam("entry_id"))
    session.connection().execute(one.values(lastscore=bindparam("points"), score_step=bindparam("step")), rows)
