"""The last lines of the logs of builds that run, kept in their attempts' rows."""

from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from buildmaster.model.tables.builds import Attempt, BuildQueue
from buildmaster.model.tables.mapping import table_of

ATTEMPT, QUEUE = table_of(Attempt), table_of(BuildQueue)


def save_tails(session: Session, now: datetime, tails: dict[int, str]) -> None:
    """Store the log tails of running builds, by the ids of their attempts, in one statement."""
    if tails:
        mine = select(ATTEMPT.c.build_id).where(ATTEMPT.c.id == bindparam("a"), ATTEMPT.c.finished.is_(None))
        statement = update(QUEUE).where(QUEUE.c.build_id == mine.scalar_subquery())
        rows = [{"a": attempt_id, "tail": tail} for attempt_id, tail in tails.items()]
        session.connection().execute(statement.values(logtail=bindparam("tail"), tail_changed=now), rows)
