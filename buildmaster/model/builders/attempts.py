"""What is done to the rows of a build that a builder holds.

Every deed says which attempt it was decided about, and in which states its build may be; where the row has moved on it
does nothing and says so, and the next turn decides anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from buildmaster.farm.builders.states import CleanStatus
from buildmaster.farm.vocabulary.states import HELD, BuildState, check_transition
from buildmaster.model.builders.upkeep import mark
from buildmaster.model.tables.builds import Attempt, Build, BuildQueue
from buildmaster.model.tables.mapping import IDS, changed, table_of
from buildmaster.model.uploads.lognames import name_log

ATTEMPT, BUILD, QUEUE = table_of(Attempt), table_of(Build), table_of(BuildQueue)
HELD_ATTEMPTS = (
    select(ATTEMPT.c.id, ATTEMPT.c.build_id, ATTEMPT.c.builder_id, ATTEMPT.c.number, ATTEMPT.c.started)
    .add_columns(BUILD.c.buildstate)
    .join(BUILD, BUILD.c.id == ATTEMPT.c.build_id)
    .where(
        ATTEMPT.c.id.in_(IDS), ATTEMPT.c.finished.is_(None), BUILD.c.buildstate.in_(bindparam("states", expanding=True))
    )
    .order_by(ATTEMPT.c.id)
    .with_for_update()
)
ACCEPT = (
    update(ATTEMPT)
    .where(ATTEMPT.c.id == bindparam("a"), ATTEMPT.c.accepted.is_(None))
    .values(accepted=bindparam("since"))
)
WANTED = (
    select(ATTEMPT.c.id)
    .join(BUILD, BUILD.c.id == ATTEMPT.c.build_id)
    .where(ATTEMPT.c.id == bindparam("a"), ATTEMPT.c.finished.is_(None), BUILD.c.buildstate == BuildState.BUILDING)
)
FREE = dict.fromkeys(("builder_id", "buildstart", "logtail", "tail_changed", "cancel_since", "held_for"))

Row = dict[str, Any]  # Any: its columns are of several types


@dataclass(frozen=True)
class Held:
    """A live attempt: what its builder holds."""

    attempt_id: int
    build_id: int
    builder_id: int
    number: int
    started: datetime
    state: BuildState


@dataclass(frozen=True)
class Setback:
    """Why a job goes back to the queue: see ``actions.Requeue``. ``log_id`` is the attempt's log, if it was fetched."""

    reason: str
    blamed: bool = True
    zero_score: bool = False
    log_id: int | None = None


def held(session: Session, attempt_id: int, states: frozenset[BuildState] = HELD) -> Held | None:
    """Return the attempt if it is live and its build in one of ``states``; lock it until the transaction ends."""
    return held_all(session, (attempt_id,), states).get(attempt_id)


def held_all(session: Session, attempt_ids: Sequence[int], states: frozenset[BuildState] = HELD) -> dict[int, Held]:
    """Return those of the attempts that are live, with their builds in one of ``states``, by their ids; lock them."""
    asked = {"ids": attempt_ids, "states": list(states)}
    return {row[0]: Held(*row) for row in session.connection().execute(HELD_ATTEMPTS, asked)}


def accepted(session: Session, now: datetime, attempt_id: int) -> None:
    """Note that the slave took the build, or may have."""
    accept(session, [(attempt_id, now)])


def accept(session: Session, taken: Sequence[tuple[int, datetime]]) -> list[None]:
    """Note since when slaves have the builds of these attempts, or may have."""
    rows = [{"a": attempt_id, "since": since} for attempt_id, since in taken]
    session.connection().execute(ACCEPT, rows)
    return [None] * len(taken)


def note_abort(session: Session, now: datetime, attempt_id: int) -> None:
    """Note since when the slave has been told to end the build of an attempt that is cancelled."""
    mine = select(ATTEMPT.c.build_id).where(ATTEMPT.c.id == attempt_id, ATTEMPT.c.finished.is_(None))
    entry = update(QUEUE).where(QUEUE.c.build_id == mine.scalar_subquery(), QUEUE.c.cancel_since.is_(None))
    session.execute(entry.values(cancel_since=now))


def wanted(session: Session, attempt_id: int) -> bool:
    """Tell whether the attempt is still to be built: it may have been cancelled while its files were sent."""
    return session.scalar(WANTED, {"a": attempt_id}) is not None


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
    """End the attempt and its build in ``state``; tell whether it was still live.

    A build that was cancelled meanwhile is CANCELLED, whatever its slave made of it.
    """
    job = held(session, attempt_id)
    if job is None:
        return False
    if job.state is BuildState.CANCELLING:
        state, dependencies = BuildState.CANCELLED, None
    of_build = {"failure": failure, "dependencies": dependencies or None}
    _end(session, now, job, state, {"failure": failure, "buildlog_id": log_id}, of_build)
    _leave_queue(session, job)
    if log_id is not None:
        name_log(session, log_id, state)
    return True


def hold(session: Session, attempt_id: int, reason: str) -> bool:
    """Leave the build where it is, with the reason; tell whether that is news."""
    job = held(session, attempt_id, frozenset({BuildState.BUILDING}))
    if job is None:
        return False
    entry = update(QUEUE).where(QUEUE.c.build_id == job.build_id, QUEUE.c.held_for.is_(None))
    return bool(changed(session, entry.values(held_for=reason)))


def give_back(session: Session, now: datetime, job: Held, setback: Setback) -> None:
    """End the attempt, and put its entry back among the waiting ones."""
    _end(session, now, job, BuildState.NEEDSBUILD, {"failure": setback.reason, "buildlog_id": setback.log_id}, {})
    shunned_id = job.builder_id if setback.blamed else None
    score = {"lastscore": 0} if setback.zero_score else {}
    entry = update(QUEUE).where(QUEUE.c.build_id == job.build_id)
    session.execute(entry.values(**FREE, shunned_id=shunned_id, **score))


def _end(session: Session, now: datetime, job: Held, state: BuildState, values: Row, of_build: Row) -> None:
    """End the attempt: its builder is free, and dirty. ``values`` are the attempt's, besides its state."""
    check_transition(job.state, state)
    attempt = update(ATTEMPT).where(ATTEMPT.c.id == job.attempt_id)
    session.execute(attempt.values(state=state, finished=now, **values))
    latest = {"builder_id": job.builder_id, "datebuilt": now, "buildduration": (now - job.started).total_seconds()}
    log = {} if values["buildlog_id"] is None else {"buildlog_id": values["buildlog_id"]}
    build = update(BUILD).where(BUILD.c.id == job.build_id)
    session.execute(build.values(buildstate=state, **latest, **log, **of_build))
    mark(session, now, job.builder_id, CleanStatus.DIRTY)


def _leave_queue(session: Session, job: Held) -> None:
    session.execute(delete(QUEUE).where(QUEUE.c.build_id == job.build_id))
