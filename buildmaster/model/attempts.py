"""What is done to the rows of a build that a builder holds.

Every deed says which attempt it was decided about, and in which states its build may be; where the row has moved on it
does nothing and says so, and the next turn decides anew.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from buildmaster.farm.blame import Record, Verdict, judge
from buildmaster.farm.states import HELD, BuildState, CleanStatus, FailedBy, check_transition
from buildmaster.model.builders import Builder, BuilderProcessor
from buildmaster.model.builds import Attempt, Build, BuildQueue
from buildmaster.model.mapping import changed, table_of
from buildmaster.model.upkeep import clear_count, fail, mark

ATTEMPT, BUILD, QUEUE, BUILDER = table_of(Attempt), table_of(Build), table_of(BuildQueue), table_of(Builder)
FREE = {"builder_id": None, "buildstart": None, "logtail": None, "tail_changed": None, "cancel_since": None}


@dataclass(frozen=True)
class Held:
    """A live attempt: what its builder holds."""

    attempt_id: int
    build_id: int
    builder_id: int
    number: int
    started: datetime
    state: BuildState


def held(session: Session, attempt_id: int, states: frozenset[BuildState] = HELD) -> Held | None:
    """Return the attempt if it is live and its build in one of ``states``; lock it until the transaction ends."""
    query = (
        select(ATTEMPT.c.id, ATTEMPT.c.build_id, ATTEMPT.c.builder_id, ATTEMPT.c.number, ATTEMPT.c.started)
        .add_columns(BUILD.c.buildstate)
        .join(BUILD, BUILD.c.id == ATTEMPT.c.build_id)
        .where(ATTEMPT.c.id == attempt_id, ATTEMPT.c.finished.is_(None), BUILD.c.buildstate.in_(states))
        .with_for_update()
    )
    row = session.execute(query).first()
    return None if row is None else Held(*row)


def accepted(session: Session, now: datetime, attempt_id: int) -> None:
    """Note that the slave took the build."""
    taken = update(ATTEMPT).where(ATTEMPT.c.id == attempt_id, ATTEMPT.c.accepted.is_(None))
    session.execute(taken.values(accepted=now))


def save_tails(session: Session, now: datetime, tails: dict[int, str]) -> None:
    """Store the log tails of running builds, by the ids of their attempts, in one statement."""
    if tails:
        mine = select(ATTEMPT.c.build_id).where(ATTEMPT.c.id == bindparam("a"), ATTEMPT.c.finished.is_(None))
        statement = update(QUEUE).where(QUEUE.c.build_id == mine.scalar_subquery())
        rows = [{"a": attempt_id, "tail": tail} for attempt_id, tail in tails.items()]
        session.connection().execute(statement.values(logtail=bindparam("tail"), tail_changed=now), rows)


def start_gathering(session: Session, attempt_id: int) -> bool:
    """Begin to take in the results; tell whether they are still to be taken in."""
    job = held(session, attempt_id, frozenset({BuildState.BUILDING, BuildState.GATHERING}))
    if job is None:
        return False
    if job.state is not BuildState.GATHERING:
        _move(session, job, BuildState.GATHERING)
    return True


def results_landed(session: Session, now: datetime, attempt_id: int, leaf: str, log_id: int | None) -> bool:
    """Hand the build to the uploader, and free its builder, whose slave is then to be cleaned."""
    job = held(session, attempt_id, frozenset({BuildState.GATHERING}))
    if job is None:
        return False
    values = {"leaf": leaf} | ({} if log_id is None else {"buildlog_id": log_id})
    _end(session, now, job, BuildState.UPLOADING, values)
    _leave_queue(session, job)
    clear_count(session, job.builder_id)
    return True


def conclude(
    session: Session,
    now: datetime,
    attempt_id: int,
    state: BuildState,
    *,
    failure: str | None = None,
    dependencies: str | None = None,
    log_id: int | None = None,
) -> bool:
    """End the attempt and its build in ``state``; tell whether it was still live."""
    job = held(session, attempt_id)
    if job is None:
        return False
    _end(session, now, job, state, {"failure": failure, "buildlog_id": log_id})
    values = {"failure": failure, "dependencies": dependencies or None}
    session.execute(update(BUILD).where(BUILD.c.id == job.build_id).values(**values))
    _leave_queue(session, job)
    return True


def hold(session: Session, attempt_id: int, reason: str) -> bool:
    """Leave the build where it is, with the reason; tell whether that is news."""
    job = held(session, attempt_id, frozenset({BuildState.BUILDING}))
    if job is None:
        return False
    entry = update(QUEUE).where(QUEUE.c.build_id == job.build_id, QUEUE.c.held_for.is_(None))
    return bool(changed(session, entry.values(held_for=reason)))


def requeue(
    session: Session,
    now: datetime,
    attempt_id: int,
    reason: str,
    *,
    blamed: bool,
    zero_score: bool = False,
    log_id: int | None = None,
) -> Verdict | None:
    """Give the job back to the queue, or fail its build if that is found guilty; return the verdict, None if too late.

    A cancelled build is not given back: it is then CANCELLED.
    """
    job = held(session, attempt_id)
    if job is None:
        return None
    if job.state is BuildState.CANCELLING:
        conclude(session, now, attempt_id, BuildState.CANCELLED, log_id=log_id)
        return Verdict.NOBODY
    verdict = _judge(session, now, job, reason) if blamed else Verdict.NOBODY
    if verdict is Verdict.BUILD:
        _convict(session, now, job, reason, log_id)
    else:
        _give_back(session, now, job, reason, zero_score=zero_score, blamed=blamed, log_id=log_id)
    return verdict


def _give_back(
    session: Session,
    now: datetime,
    job: Held,
    reason: str,
    *,
    zero_score: bool,
    blamed: bool,
    log_id: int | None,
) -> None:
    _end(session, now, job, BuildState.NEEDSBUILD, {"failure": reason, "buildlog_id": log_id})
    values: dict[str, Any] = FREE | {"held_for": None, "shunned_id": job.builder_id if blamed else None}  # Any: values
    entry = update(QUEUE).where(QUEUE.c.build_id == job.build_id)
    session.execute(entry.values(**values, **({"lastscore": 0} if zero_score else {})))


def _convict(session: Session, now: datetime, job: Held, reason: str, log_id: int | None) -> None:
    """Fail the build with the reasons of all its attempts, and give the builders their counts back."""
    counted = _counted(session, job)
    reasons = [f"attempt {number}: {text}" for number, _, text in counted[1:]] + [f"attempt {job.number}: {reason}"]
    failure = "it failed again and again, on different builders\n" + "\n".join(reasons)
    conclude(session, now, job.attempt_id, BuildState.FAILEDTOBUILD, failure=failure, log_id=log_id)
    for _, builder_id, _ in counted:
        count = BUILDER.c.failure_count
        back = update(BUILDER).where(BUILDER.c.id == builder_id, count > 0)
        session.execute(back.values(failure_count=count - 1))


def _judge(session: Session, now: datetime, job: Held, reason: str) -> Verdict:
    """Count the failure on builder and build, and find who is guilty; a guilty builder is taken out of service."""
    session.execute(update(ATTEMPT).where(ATTEMPT.c.id == job.attempt_id).values(blamed=True))
    build_failures = _count_up(session, BUILD, job.build_id)
    builder_failures = _count_up(session, BUILDER, job.builder_id)
    builders = frozenset(builder_id for _, builder_id, _ in _counted(session, job))
    verdict = judge(Record(builder_failures, build_failures, builders, _able(session, job)))
    if verdict is Verdict.BUILDER:
        fail(session, now, job.builder_id, FailedBy.LIMIT, f"{builder_failures} failures in a row, the last: {reason}")
    return verdict


def _count_up(session: Session, table: Table, row_id: int) -> int:
    counted = update(table).where(table.c.id == row_id).values(failure_count=table.c.failure_count + 1)
    return int(session.execute(counted.returning(table.c.failure_count)).scalar_one())


def _counted(session: Session, job: Held) -> list[tuple[int, int, str]]:
    """Return number, builder and reason of the attempts that count against the build: those since its last retry."""
    count = select(BUILD.c.failure_count).where(BUILD.c.id == job.build_id)
    query = select(ATTEMPT.c.number, ATTEMPT.c.builder_id, func.coalesce(ATTEMPT.c.failure, "")).where(
        ATTEMPT.c.build_id == job.build_id,
        ATTEMPT.c.blamed,
    )
    rows = session.execute(query.order_by(ATTEMPT.c.number.desc()).limit(session.scalar(count) or 0))
    return [(number, builder_id, text) for number, builder_id, text in rows]


def _able(session: Session, job: Held) -> int:
    """Return how many builders there are that can take the build."""
    wanted = select(QUEUE.c.processor_id, QUEUE.c.is_trusted).where(QUEUE.c.build_id == job.build_id)
    processor_id, trusted = session.execute(wanted).one()
    query = (
        select(func.count())
        .select_from(Builder)
        .join(BuilderProcessor)
        .where(
            BuilderProcessor.processor_id == processor_id,
            Builder.trusted == trusted,
            Builder.builderok,
            Builder.date_removed.is_(None),
        )
    )
    return session.scalar(query) or 0


def _move(session: Session, job: Held, state: BuildState) -> None:
    """Set the build's state, and its attempt's."""
    check_transition(job.state, state)
    session.execute(update(BUILD).where(BUILD.c.id == job.build_id).values(buildstate=state))
    session.execute(update(ATTEMPT).where(ATTEMPT.c.id == job.attempt_id).values(state=state))


def _end(session: Session, now: datetime, job: Held, state: BuildState, values: dict[str, Any]) -> None:
    """End the attempt: its builder is free, and dirty. ``values`` are the attempt's (Any: of several types)."""
    _move(session, job, state)
    session.execute(update(ATTEMPT).where(ATTEMPT.c.id == job.attempt_id).values(finished=now, **values))
    latest = {"builder_id": job.builder_id, "datebuilt": now, "buildduration": (now - job.started).total_seconds()}
    log = {} if values.get("buildlog_id") is None else {"buildlog_id": values["buildlog_id"]}
    session.execute(update(BUILD).where(BUILD.c.id == job.build_id).values(**latest, **log))
    mark(session, now, job.builder_id, CleanStatus.DIRTY)


def _leave_queue(session: Session, job: Held) -> None:
    session.execute(delete(QUEUE).where(QUEUE.c.build_id == job.build_id))
