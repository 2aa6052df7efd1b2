"""Give waiting builds to idle builders, in one transaction whatever their number.

What is read is bounded by the number of idle builders, not by the length of the queue: the first entries of each pool,
from the index of the waiting ones. The statements are prepared once: a busy farm has many turns with few builders each.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    ScalarSelect,
    Select,
    bindparam,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Session

from buildmaster.farm.builders.states import CleanStatus
from buildmaster.farm.queue.dispatching import Assignment, Candidate, Head, Pool, match
from buildmaster.farm.vocabulary.archives import ACTIVE
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.builders.cookies import cookie_of
from buildmaster.model.dispatch.blocking import blocks
from buildmaster.model.dispatch.failedon import with_failures
from buildmaster.model.queue.superseding import is_gone, supersede
from buildmaster.model.tables.archive import SourcePublication
from buildmaster.model.tables.builders import Builder, BuilderProcessor
from buildmaster.model.tables.builds import Attempt, Build, BuildQueue
from buildmaster.model.tables.distribution import DistroArchSeries, Processor
from buildmaster.model.tables.mapping import IDS, AnySelect, table_of

ATTEMPT, BUILD, QUEUE, BUILDER = table_of(Attempt), table_of(Build), table_of(BuildQueue), table_of(Builder)
PROCESSOR, BELONGS = table_of(Processor), table_of(BuilderProcessor)
PUBLISHED, ARCHITECTURE = table_of(SourcePublication), table_of(DistroArchSeries)
SPARE = 8  # entries beyond the number of idle builders: some may be shunned, or just turn out to be blocked
ROUNDS = 5  # a turn that meets more blocked entries than this many times its builders leaves the rest to the next

NOW: BindParameter[datetime] = bindparam("now")
BUILDERS: AnySelect = select(
    *(BUILDER.c.id, BUILDER.c.name, BUILDER.c.trusted, BUILDER.c.builderok, BUILDER.c.manual),
    *(BUILDER.c.clean_status, BUILDER.c.silent_scans),
).where(BUILDER.c.date_removed.is_(None))
PROCESSORS: Select[int, str] = (
    select(BELONGS.c.builder_id, PROCESSOR.c.name).join_from(BELONGS, PROCESSOR).order_by(PROCESSOR.c.name)
)
BUILDING = select(QUEUE.c.builder_id).where(QUEUE.c.builder_id.is_not(None))
FIT = (BUILDER.c.clean_status == CleanStatus.CLEAN, BUILDER.c.builderok, ~BUILDER.c.manual)
IDLE: AnySelect = (
    select(BUILDER.c.id, BUILDER.c.name, BUILDER.c.trusted, PROCESSOR.c.name.label("processor"))
    .join_from(BUILDER, BELONGS)
    .join(PROCESSOR)
    .where(BUILDER.c.date_removed.is_(None), *FIT, BUILDER.c.silent_scans == 0)
    .where(~exists().where(QUEUE.c.builder_id == BUILDER.c.id))
    .order_by(BUILDER.c.id, PROCESSOR.c.name)
)
HEADS: AnySelect = (
    select(QUEUE.c.id, QUEUE.c.build_id, QUEUE.c.lastscore, QUEUE.c.shunned_id)
    .where(
        QUEUE.c.is_trusted == bindparam("trusted"),
        QUEUE.c.processor_id
        == select(PROCESSOR.c.id).where(PROCESSOR.c.name == bindparam("processor")).scalar_subquery(),
        QUEUE.c.builder_id.is_(None),
        QUEUE.c.reason.is_(None),
    )
    .order_by(QUEUE.c.lastscore.desc(), QUEUE.c.build_id)
    .limit(bindparam("number"))
)
UNPUBLISHED: AnySelect = (
    select(BUILD.c.id, BUILD.c.sourcepackagerelease_id, ARCHITECTURE.c.series_id, BUILD.c.archive_id)
    .join_from(BUILD, ARCHITECTURE, ARCHITECTURE.c.id == BUILD.c.distroarchseries_id)
    .where(BUILD.c.id.in_(IDS))
    .where(
        ~exists().where(
            PUBLISHED.c.release_id == BUILD.c.sourcepackagerelease_id,
            PUBLISHED.c.archive_id == BUILD.c.archive_id,
            PUBLISHED.c.series_id == ARCHITECTURE.c.series_id,
            PUBLISHED.c.status.in_(ACTIVE),
        )
    )
)
FREE = select(QUEUE.c.id).where(QUEUE.c.id.in_(IDS), QUEUE.c.builder_id.is_(None)).with_for_update()
NUMBERS: Select[int, int] = (
    select(ATTEMPT.c.build_id, func.max(ATTEMPT.c.number))
    .where(ATTEMPT.c.build_id.in_(IDS))
    .group_by(ATTEMPT.c.build_id)
)
TAKE_BUILDERS = (
    update(BUILDER)
    .where(BUILDER.c.id.in_(IDS), *FIT)
    .values(clean_status=CleanStatus.DIRTY, clean_since=NOW)
    .returning(BUILDER.c.id)
)
ADD_ATTEMPTS = insert(ATTEMPT).returning(ATTEMPT.c.id)


def _holder(build_id: ColumnElement[int]) -> ScalarSelect[int]:
    """Return the builder of the live attempt at a build."""
    return (
        select(ATTEMPT.c.builder_id)
        .where(ATTEMPT.c.build_id == build_id, ATTEMPT.c.finished.is_(None))
        .scalar_subquery()
    )


TAKE_ENTRIES = (
    update(QUEUE).where(QUEUE.c.build_id.in_(IDS)).values(builder_id=_holder(QUEUE.c.build_id), buildstart=NOW)
)
TAKE_BUILDS = (
    update(BUILD).where(BUILD.c.id.in_(IDS)).values(buildstate=BuildState.BUILDING, builder_id=_holder(BUILD.c.id))
)


def candidates(session: Session, away: Collection[int]) -> tuple[Candidate, ...]:
    """Return all builders as the dispatcher sees them; those ``away`` are on errands."""
    connection = session.connection()
    processors: dict[int, tuple[str, ...]] = defaultdict(tuple)
    for builder_id, processor in connection.execute(PROCESSORS):
        processors[builder_id] += (processor,)
    building = set(connection.scalars(BUILDING))
    return tuple(
        Candidate(
            id=row.id,
            name=row.name,
            processors=processors[row.id],
            trusted=row.trusted,
            builderok=row.builderok,
            manual=row.manual,
            clean_status=row.clean_status,
            building=row.id in building,
            silent=row.silent_scans > 0,
            busy=row.id in away,
        )
        for row in connection.execute(BUILDERS)
    )


def idle_builders(session: Session, away: Collection[int]) -> tuple[Candidate, ...]:
    """Return the candidates that have processors, and no hindrance: seldom more than a few of many."""
    found: dict[int, Candidate] = {}
    for builder_id, name, trusted, processor in session.connection().execute(IDLE).all():
        others = found[builder_id].processors if builder_id in found else ()
        found[builder_id] = Candidate(builder_id, name, (*others, processor), trusted)
    return tuple(builder for builder in found.values() if builder.id not in away)


def heads(session: Session, wanted: dict[Pool, int]) -> list[Head]:
    """Return the first unblocked entries of each pool, as many as wanted."""
    found = []
    for (processor, trusted), number in wanted.items():
        pool = {"processor": processor, "trusted": trusted, "number": number}
        for entry_id, build_id, score, shunned_id in session.connection().execute(HEADS, pool).all():
            found.append(Head(entry_id, build_id, processor, trusted, score, shunned_id))
    return with_failures(session, found)


@dataclass(frozen=True)
class Claims:
    """The attempts that were begun; the builds whose sources are published no more; why others were passed over.

    ``more`` is true where a turn met so many blocked entries that it left some.
    """

    attempt_ids: tuple[int, ...] = ()
    more: bool = False
    superseded: tuple[int, ...] = ()
    reasons: frozenset[str] = frozenset()


def claim(session: Session, now: datetime, away: Collection[int], room: int) -> Claims:
    """Give builds to builders, ``room`` at the most."""
    idle = idle_builders(session, away) if room else ()
    if not idle:
        return Claims()
    waiters = Counter(pool for builder in idle for pool in builder.pools)
    wanted = {pool: min(number, room) + SPARE for pool, number in waiters.items()}
    return _claim(session, now, lambda: _matched(session, idle, away, heads(session, wanted))[:room])


def _matched(
    session: Session, idle: Sequence[Candidate], away: Collection[int], found: Sequence[Head]
) -> tuple[Assignment, ...]:
    """Match; whether an entry shuns a builder depends on those that are not idle, too."""
    shunning = any(head.shunned_id is not None for head in found)
    return match(candidates(session, away) if shunning else idle, found)


def _claim(session: Session, now: datetime, matched: Callable[[], tuple[Assignment, ...]]) -> Claims:
    """Match; look whether what was matched can be built and is still wanted; match anew without what is not."""
    gone: tuple[int, ...] = ()
    reasons: frozenset[str] = frozenset()
    for _ in range(ROUNDS):
        plan = matched()
        ended = _end_gone(session, plan)
        blocked = blocks(session, [assignment.entry_id for assignment in plan]) if plan else {}
        plan = tuple(a for a in plan if a.entry_id not in blocked and a.build_id not in ended)
        gone, reasons = gone + ended, reasons | set(blocked.values())
        if not blocked and not ended:
            return Claims(_begin(session, now, plan), superseded=gone, reasons=reasons)
    return Claims(_begin(session, now, plan), more=True, superseded=gone, reasons=reasons)


def _end_gone(session: Session, plan: Sequence[Assignment]) -> tuple[int, ...]:
    """End the builds of the plan whose sources are published no more, seldom any; return their ids."""
    ids = [assignment.build_id for assignment in plan]
    doubtful = session.connection().execute(UNPUBLISHED, {"ids": ids}).all() if plan else ()
    gone = tuple(build_id for build_id, *place in doubtful if is_gone(session, *place))
    if gone:
        supersede(session, gone)
    return gone


def _begin(session: Session, now: datetime, plan: Sequence[Assignment]) -> tuple[int, ...]:
    """Write the attempts, and mark builders, entries and builds, in a statement each."""
    still = _still_fitting(session, now, plan) if plan else []
    if not still:
        return ()
    connection = session.connection()
    build_ids = [assignment.build_id for assignment in still]
    last = dict(connection.execute(NUMBERS, {"ids": build_ids}).all())
    rows = [_row(now, assignment, last.get(assignment.build_id, 0) + 1) for assignment in still]
    ids = connection.scalars(ADD_ATTEMPTS, rows).all()
    connection.execute(TAKE_ENTRIES, {"ids": build_ids, "now": now})
    connection.execute(TAKE_BUILDS, {"ids": build_ids})
    return tuple(sorted(ids))


def _row(now: datetime, assignment: Assignment, number: int) -> dict[str, object]:
    return {
        "build_id": assignment.build_id,
        "number": number,
        "builder_id": assignment.builder_id,
        "cookie": cookie_of(assignment.build_id, assignment.entry_id, number),
        "state": BuildState.BUILDING,
        "started": now,
        "blamed": False,
    }


def _still_fitting(session: Session, now: datetime, plan: Sequence[Assignment]) -> list[Assignment]:
    """Lock what the plan is about, and take the builders; return the assignments that still hold.

    Others may have changed rows since they were read, where the database lets several write at once.
    """
    connection = session.connection()
    free = set(connection.scalars(FREE, {"ids": [assignment.entry_id for assignment in plan]}).all())
    ids = [assignment.builder_id for assignment in plan if assignment.entry_id in free]
    fit = set(connection.scalars(TAKE_BUILDERS, {"ids": ids, "now": now}).all())
    return [assignment for assignment in plan if assignment.entry_id in free and assignment.builder_id in fit]
