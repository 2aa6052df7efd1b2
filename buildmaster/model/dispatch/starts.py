"""Estimate when waiting builds will start."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from buildmaster.farm.queue.estimates import Spread, spread
from buildmaster.farm.queue.starts import Start, Worker, estimated_start, free_in
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.tables.builders import Builder, BuilderProcessor
from buildmaster.model.tables.builds import Build, BuildQueue
from buildmaster.model.tables.mapping import AnyRow, AnySelect

PAST = 200  # builds whose estimates are learnt from

Pool = tuple[int, bool]  # a processor's id, and trust


def starts(session: Session, now: datetime, build_ids: Collection[int] | None = None) -> dict[int, Start | None]:
    """Return when each waiting build (of these, or all) will start.

    None is for one that is blocked, or whose kind no builder takes.
    """
    order = _queue().subquery()
    query = select(order) if build_ids is None else select(order).where(order.c.build_id.in_(build_ids))
    rows = session.execute(query).all()
    if not rows:
        return {}
    there, past = workers(session, now), past_spread(session)
    return {row.build_id: _start(row, there, past, now) for row in rows}


def _start(row: AnyRow, there: Mapping[Pool, Sequence[Worker]], past: Spread | None, now: datetime) -> Start | None:
    if row.reason is not None:
        return None
    return estimated_start(row.until - row.own, there.get((row.processor_id, row.is_trusted), ()), past, now)


def start_of(found: Mapping[int, Start | None], build_id: int) -> datetime | None:
    """Return when a build will start, of what ``starts`` found."""
    start = found.get(build_id)
    return None if start is None else start.at


def span_of(found: Mapping[int, Start | None], build_id: int) -> tuple[datetime, datetime] | None:
    """Return the span that a build will probably start in, of what ``starts`` found."""
    start = found.get(build_id)
    return None if start is None else start.between


def workers(session: Session, now: datetime) -> dict[Pool, list[Worker]]:
    """Return the builders of each pool. One in several pools divides its time among those that something waits for."""
    wanted = _wanted(session)
    found: defaultdict[Pool, list[Worker]] = defaultdict(list)
    for rows in _builders(session).values():
        pools = [(row.processor_id, row.trusted) for row in rows]
        share = 1.0 / max(1, len(wanted.intersection(pools)))
        for pool in pools:
            found[pool].append(Worker(free_in(rows[0].estimated_build_duration, rows[0].buildstart, now), share))
    return found


def _wanted(session: Session) -> set[Pool]:
    """Return the pools that something waits for."""
    query = select(BuildQueue.processor_id, BuildQueue.is_trusted).where(
        BuildQueue.builder_id.is_(None),
        BuildQueue.reason.is_(None),
    )
    return {(processor_id, trusted) for processor_id, trusted in session.execute(query.distinct())}


def _builders(session: Session) -> dict[int, list[AnyRow]]:
    """Return the builders that the dispatcher uses, by id: a row for each of their processors."""
    query = (
        select(Builder.id, BuilderProcessor.processor_id, Builder.trusted)
        .add_columns(BuildQueue.buildstart, Build.estimated_build_duration)
        .join(BuilderProcessor, BuilderProcessor.builder_id == Builder.id)
        .outerjoin(BuildQueue, BuildQueue.builder_id == Builder.id)
        .outerjoin(Build, Build.id == BuildQueue.build_id)
        .where(Builder.builderok, ~Builder.manual, Builder.date_removed.is_(None))
    )
    found: defaultdict[int, list[AnyRow]] = defaultdict(list)
    for row in session.execute(query):
        found[row.id].append(row)
    return found


def past_spread(session: Session) -> Spread | None:
    """Return how far the estimates of the latest builds were from what these took."""
    latest = (
        select(Build.buildduration / Build.estimated_build_duration)
        .where(
            Build.buildstate == BuildState.FULLYBUILT,
            Build.buildduration.is_not(None),
            Build.estimated_build_duration > 0,
        )
        .order_by(Build.id.desc())
        .limit(PAST)
    )
    return spread(error for error in session.scalars(latest) if error is not None)


def _queue() -> AnySelect:
    """Return what waits, with the estimated seconds of each build, and of all in its pool's queue down to it.

    What is blocked holds up nobody.
    """
    own = case((BuildQueue.reason.is_(None), func.coalesce(Build.estimated_build_duration, 0.0)), else_=0.0)
    pool = (BuildQueue.is_trusted, BuildQueue.processor_id)
    until = func.sum(own).over(partition_by=pool, order_by=(BuildQueue.lastscore.desc(), BuildQueue.build_id))
    return (
        select(BuildQueue.build_id, *pool, BuildQueue.reason, own.label("own"), until.label("until"))
        .join(Build, Build.id == BuildQueue.build_id)
        .where(BuildQueue.builder_id.is_(None))
    )
