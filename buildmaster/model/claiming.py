"""Give waiting builds to idle builders, in one transaction whatever their number.

What is read is bounded by the number of idle builders, not by the length of the queue: the first entries of each pool,
from the index of the waiting ones.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, exists, func, insert, select, update
from sqlalchemy.orm import Session

from buildmaster.farm.dispatching import Assignment, Candidate, Head, Pool, match
from buildmaster.farm.states import ACTIVE, BuildState, CleanStatus
from buildmaster.model.archive import SourcePublication
from buildmaster.model.blocking import blocks
from buildmaster.model.builders import Builder, BuilderProcessor
from buildmaster.model.builds import Attempt, Build, BuildQueue
from buildmaster.model.cookies import cookie_of
from buildmaster.model.distribution import DistroArchSeries, Processor
from buildmaster.model.mapping import AnySelect, table_of
from buildmaster.model.shunning import with_failures
from buildmaster.model.superseding import is_gone, supersede

ATTEMPT, BUILD, QUEUE, BUILDER = table_of(Attempt), table_of(Build), table_of(BuildQueue), table_of(Builder)
SPARE = 8  # entries beyond the number of idle builders: some may be shunned, or just turn out to be blocked
ROUNDS = 5  # a turn that meets more blocked entries than this many times its builders leaves the rest to the next


def candidates(session: Session, away: Collection[int]) -> tuple[Candidate, ...]:
    """Return all builders as the dispatcher sees them; those ``away`` are on errands."""
    processors = _processors(session)
    building = set(session.scalars(select(QUEUE.c.builder_id).where(QUEUE.c.builder_id.is_not(None))))
    table = BUILDER.c
    query = select(
        table.id, table.name, table.trusted, table.builderok, table.manual, table.clean_status, table.silent_scans
    ).where(table.date_removed.is_(None))
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
        for row in session.execute(query)
    )


def _processors(session: Session) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = defaultdict(tuple)
    query = select(BuilderProcessor.builder_id, Processor.name).join(Processor).order_by(Processor.name)
    for builder_id, name in session.execute(query):
        found[builder_id] += (name,)
    return found


def heads(session: Session, wanted: dict[Pool, int]) -> list[Head]:
    """Return the first unblocked entries of each pool, as many as wanted."""
    ids = {name: processor_id for processor_id, name in session.execute(select(Processor.id, Processor.name))}
    found = []
    for (processor, trusted), number in wanted.items():
        query = select(QUEUE.c.id, QUEUE.c.build_id, QUEUE.c.lastscore, QUEUE.c.shunned_id).where(
            QUEUE.c.is_trusted == trusted,
            QUEUE.c.processor_id == ids[processor],
            QUEUE.c.builder_id.is_(None),
            QUEUE.c.reason.is_(None),
        )
        rows = session.execute(query.order_by(QUEUE.c.lastscore.desc(), QUEUE.c.build_id).limit(number))
        found += [Head(row.id, row.build_id, processor, trusted, row.lastscore, row.shunned_id) for row in rows]
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
    builders = candidates(session, away)
    idle = Counter(pool for builder in builders if builder.hindrance is None for pool in builder.pools)
    if not idle or not room:
        return Claims()
    wanted = {pool: number + SPARE for pool, number in idle.items()}
    return _claim(session, now, lambda: match(builders, heads(session, wanted))[:room])


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
    """End the builds of the plan whose sources are published no more; return their ids."""
    doubtful = session.execute(_without_publication(plan)).all() if plan else ()
    gone = tuple(build_id for build_id, *place in doubtful if is_gone(session, *place))
    if gone:
        supersede(session, gone)
    return gone


def _without_publication(plan: Sequence[Assignment]) -> AnySelect:
    """Ask for the builds of the plan whose source is not published where they are: seldom any."""
    published = exists().where(
        SourcePublication.release_id == BUILD.c.sourcepackagerelease_id,
        SourcePublication.archive_id == BUILD.c.archive_id,
        SourcePublication.series_id == DistroArchSeries.series_id,
        SourcePublication.status.in_(ACTIVE),
    )
    return (
        select(BUILD.c.id, BUILD.c.sourcepackagerelease_id, DistroArchSeries.series_id, BUILD.c.archive_id)
        .join(DistroArchSeries, DistroArchSeries.id == BUILD.c.distroarchseries_id)
        .where(BUILD.c.id.in_([assignment.build_id for assignment in plan]), ~published)
    )


def _begin(session: Session, now: datetime, plan: Sequence[Assignment]) -> tuple[int, ...]:
    """Write the attempts, and mark builds, entries and builders, in a statement each."""
    still = _still_waiting(session, plan) if plan else []
    rows = [_row(now, assignment, number) for assignment, number in still]
    if not rows:
        return ()
    connection = session.connection()
    connection.execute(
        update(QUEUE).where(QUEUE.c.id == bindparam("e")).values(builder_id=bindparam("b"), buildstart=now),
        [{"e": row["entry"], "b": row["builder_id"]} for row in rows],
    )
    connection.execute(
        update(BUILD)
        .where(BUILD.c.id == bindparam("b"))
        .values(buildstate=BuildState.BUILDING, builder_id=bindparam("r")),
        [{"b": row["build_id"], "r": row["builder_id"]} for row in rows],
    )
    connection.execute(
        update(BUILDER).where(BUILDER.c.id == bindparam("b")).values(clean_status=CleanStatus.DIRTY, clean_since=now),
        [{"b": row["builder_id"]} for row in rows],
    )
    connection.execute(insert(ATTEMPT), [{key: row[key] for key in row if key != "entry"} for row in rows])
    live = select(ATTEMPT.c.id).where(
        ATTEMPT.c.finished.is_(None), ATTEMPT.c.builder_id.in_([row["builder_id"] for row in rows])
    )
    return tuple(session.scalars(live.order_by(ATTEMPT.c.id)))


def _row(now: datetime, assignment: Assignment, number: int) -> dict[str, object]:
    return {
        "entry": assignment.entry_id,
        "build_id": assignment.build_id,
        "number": number,
        "builder_id": assignment.builder_id,
        "cookie": cookie_of(assignment.build_id, assignment.entry_id, number),
        "state": BuildState.BUILDING,
        "started": now,
        "blamed": False,
    }


def _still_waiting(session: Session, plan: Sequence[Assignment]) -> list[tuple[Assignment, int]]:
    """Lock what the plan is about; return the assignments that still hold, with the numbers of their attempts."""
    entries = [assignment.entry_id for assignment in plan]
    builders = [assignment.builder_id for assignment in plan]
    waiting = select(QUEUE.c.id).where(QUEUE.c.id.in_(entries), QUEUE.c.builder_id.is_(None)).with_for_update()
    clean = select(BUILDER.c.id).where(
        BUILDER.c.id.in_(builders),
        BUILDER.c.clean_status == CleanStatus.CLEAN,
        BUILDER.c.builderok,
        ~BUILDER.c.manual,
    )
    free, fit = set(session.scalars(waiting)), set(session.scalars(clean.with_for_update()))
    query = select(ATTEMPT.c.build_id, func.max(ATTEMPT.c.number)).where(
        ATTEMPT.c.build_id.in_([assignment.build_id for assignment in plan])
    )
    last = dict(session.execute(query.group_by(ATTEMPT.c.build_id)).all())
    return [(a, last.get(a.build_id, 0) + 1) for a in plan if a.entry_id in free and a.builder_id in fit]
