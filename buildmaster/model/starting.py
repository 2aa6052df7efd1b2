"""Estimate when waiting builds will start."""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from buildmaster.farm.starts import Running, estimated_start
from buildmaster.model.builders import Builder, BuilderProcessor
from buildmaster.model.builds import Build, BuildQueue
from buildmaster.model.mapping import AnyRow, AnySelect

Pool = tuple[int, bool]  # a processor's id, and trust


@dataclass
class Pools:
    """What the builders of each pool do: how many there are, and what runs on them."""

    builders: Counter[Pool] = field(default_factory=Counter)
    running: defaultdict[Pool, list[Running]] = field(default_factory=lambda: defaultdict(list))


def pools(session: Session) -> Pools:
    """Return the pools of the farm; a builder that has several processors is in several."""
    query = (
        select(BuilderProcessor.processor_id, Builder.trusted, BuildQueue.buildstart, Build.estimated_build_duration)
        .join(Builder, Builder.id == BuilderProcessor.builder_id)
        .outerjoin(BuildQueue, BuildQueue.builder_id == Builder.id)
        .outerjoin(Build, Build.id == BuildQueue.build_id)
        .where(Builder.builderok, Builder.date_removed.is_(None))
    )
    found = Pools()
    for processor_id, trusted, started, estimate in session.execute(query):
        found.builders[processor_id, trusted] += 1
        if started is not None:
            found.running[processor_id, trusted].append(Running(estimate, started))
    return found


def starts(session: Session, now: datetime, build_ids: Collection[int] | None = None) -> dict[int, datetime | None]:
    """Return when each waiting build (of these, or all) will start; None where no builder takes its kind."""
    order = _queue().subquery()
    query = select(order) if build_ids is None else select(order).where(order.c.build_id.in_(build_ids))
    rows = session.execute(query).all()
    there = pools(session) if rows else Pools()
    return {row.build_id: _start(row, there, now) for row in rows}


def _start(row: AnyRow, there: Pools, now: datetime) -> datetime | None:
    pool = (row.processor_id, row.is_trusted)
    return estimated_start(row.until - row.own, there.running[pool], there.builders[pool], now)


def _queue() -> AnySelect:
    """Return what waits, with the estimated seconds of each build, and of all in its pool's queue down to it."""
    own = func.coalesce(Build.estimated_build_duration, 0.0)
    pool = (BuildQueue.is_trusted, BuildQueue.processor_id)
    until = func.sum(own).over(partition_by=pool, order_by=(BuildQueue.lastscore.desc(), BuildQueue.build_id))
    return (
        select(BuildQueue.build_id, *pool, own.label("own"), until.label("until"))
        .join(Build, Build.id == BuildQueue.build_id)
        .where(BuildQueue.builder_id.is_(None))
    )
