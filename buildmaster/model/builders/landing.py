"""What is done to the rows of builds whose results are fetched, and land: in a few statements, whatever their number.

As in ``attempts``: each is done only where its attempt is live and its build in the right state.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, update
from sqlalchemy.orm import Session

from buildmaster.farm.builders.states import CleanStatus
from buildmaster.farm.vocabulary.states import BuildState, check_transition
from buildmaster.model.builders.attempts import ATTEMPT, BUILD, QUEUE, Held, held_all
from buildmaster.model.tables.builders import Builder
from buildmaster.model.tables.files import NewFile, remember_files
from buildmaster.model.tables.mapping import IDS, table_of

BUILDER = table_of(Builder)
FROM = frozenset({BuildState.BUILDING, BuildState.GATHERING})
GATHERING = frozenset({BuildState.GATHERING})


@dataclass(frozen=True)
class Landing:
    """Results that lie in incoming/, in the folder ``leaf``, since ``now``."""

    attempt_id: int
    leaf: str
    log: NewFile
    now: datetime


def begin_fetching(session: Session, attempt_ids: Sequence[int]) -> list[BuildState | None]:
    """Note that results are being fetched; return each build's state before, None where they are wanted no more."""
    jobs = held_all(session, attempt_ids, FROM)
    fresh = [job for job in jobs.values() if job.state is BuildState.BUILDING]
    if fresh:
        connection = session.connection()
        connection.execute(GATHER_BUILDS, {"ids": [job.build_id for job in fresh]})
        connection.execute(GATHER_ATTEMPTS, {"ids": [job.attempt_id for job in fresh]})
    return [jobs[attempt_id].state if attempt_id in jobs else None for attempt_id in attempt_ids]


def note_landed(session: Session, landings: Sequence[Landing]) -> list[bool]:
    """Hand builds to the uploader, and free their builders, whose slaves are then to be cleaned.

    Return for each whether its results were still wanted.
    """
    jobs = held_all(session, [landing.attempt_id for landing in landings], GATHERING)
    wanted = [landing for landing in landings if landing.attempt_id in jobs]
    if wanted:
        _end(session, wanted, jobs)
        _free(session, wanted[-1].now, jobs.values())
    return [landing.attempt_id in jobs for landing in landings]


def _end(session: Session, landings: Sequence[Landing], jobs: dict[int, Held]) -> None:
    """End the attempts with their logs, and say so on the builds."""
    log_ids = remember_files(session, [(landing.log, landing.now) for landing in landings])
    rows = [_row(landing, jobs[landing.attempt_id], log) for landing, log in zip(landings, log_ids, strict=True)]
    connection = session.connection()
    connection.execute(END_ATTEMPT, rows)
    connection.execute(END_BUILD, rows)


def _row(landing: Landing, job: Held, log_id: int) -> dict[str, object]:
    check_transition(job.state, BuildState.UPLOADING)
    return {
        "of_attempt": job.attempt_id,
        "of_build": job.build_id,
        "by": job.builder_id,
        "ended": landing.now,
        "took": (landing.now - job.started).total_seconds(),
        "folder": landing.leaf,
        "log": log_id,
    }


def _free(session: Session, now: datetime, jobs: Collection[Held]) -> None:
    """Take the builds out of the queue, and free their builders: dirty, and their failures forgotten."""
    connection, builders = session.connection(), [job.builder_id for job in jobs]
    connection.execute(LEAVE_QUEUE, {"ids": [job.build_id for job in jobs]})
    connection.execute(SOIL, {"ids": builders, "since": now})
    connection.execute(FORGET_FAILURES, {"ids": builders})


GATHER_BUILDS = update(BUILD).where(BUILD.c.id.in_(IDS)).values(buildstate=BuildState.GATHERING)
GATHER_ATTEMPTS = update(ATTEMPT).where(ATTEMPT.c.id.in_(IDS)).values(state=BuildState.GATHERING)
END_ATTEMPT = (
    update(ATTEMPT)
    .where(ATTEMPT.c.id == bindparam("of_attempt"))
    .values(state=BuildState.UPLOADING, finished=bindparam("ended"))
    .values(leaf=bindparam("folder"), buildlog_id=bindparam("log"))
)
END_BUILD = (
    update(BUILD)
    .where(BUILD.c.id == bindparam("of_build"))
    .values(buildstate=BuildState.UPLOADING, builder_id=bindparam("by"), datebuilt=bindparam("ended"))
    .values(buildduration=bindparam("took"), buildlog_id=bindparam("log"))
)
LEAVE_QUEUE = delete(QUEUE).where(QUEUE.c.build_id.in_(IDS))
SOIL = (
    update(BUILDER)
    .where(BUILDER.c.id.in_(IDS), BUILDER.c.clean_status != CleanStatus.DIRTY)
    .values(clean_status=CleanStatus.DIRTY, clean_since=bindparam("since"))
)
FORGET_FAILURES = update(BUILDER).where(BUILDER.c.id.in_(IDS), BUILDER.c.failure_count > 0).values(failure_count=0)
