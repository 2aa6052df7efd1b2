"""What is done to the rows of builders: heard of, failed, restored, cleaned. Each deed can be repeated."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, exists, update
from sqlalchemy.orm import Session

from buildmaster.farm.builders.scanning import FIRST_PROBE
from buildmaster.farm.builders.states import CleanStatus, FailedBy
from buildmaster.model.tables.builders import Builder
from buildmaster.model.tables.builds import Attempt
from buildmaster.model.tables.mapping import changed, table_of

TABLE, ATTEMPT = table_of(Builder), table_of(Attempt)


def heard(session: Session, now: datetime, builder_ids: Sequence[int]) -> None:
    """Note in one statement that these slaves answered."""
    rows = [{"b": builder_id} for builder_id in builder_ids]
    if rows:
        values = {"last_seen": now, "silent_scans": 0, "silent_since": None, "silence": None}
        session.connection().execute(update(TABLE).where(TABLE.c.id == bindparam("b")).values(**values), rows)


def introduced(session: Session, builder_id: int, version: str | None, kinds: Sequence[str]) -> None:
    """Remember what the slave says it is."""
    _set(session, builder_id, version=version, kinds=" ".join(kinds))


def silent(session: Session, now: datetime, builder_id: int, reason: str) -> None:
    """Count a scan that was not answered."""
    since = TABLE.c.silent_since
    statement = update(TABLE).where(TABLE.c.id == builder_id)
    session.execute(statement.where(since.is_(None)).values(silent_since=now))
    session.execute(statement.values(silent_scans=TABLE.c.silent_scans + 1, silence=reason))


def fail(session: Session, now: datetime, builder_id: int, by: FailedBy, reason: str) -> bool:
    """Take the builder out of service; tell whether it was in service. One that a probe failed is probed again."""
    delay = FIRST_PROBE if by is FailedBy.PROBE else 0.0
    probe = now + timedelta(seconds=delay) if delay else None
    statement = update(TABLE).where(TABLE.c.id == builder_id, TABLE.c.builderok)
    values = {"failed_by": by, "failnotes": reason, "date_failed": now, "next_probe": probe, "probe_delay": delay}
    dirty = {"clean_status": CleanStatus.DIRTY, "clean_since": now}
    return bool(changed(session, statement.values(builderok=False, **dirty, **values)))


def postpone_probe(session: Session, now: datetime, builder_id: int, delay: float, reason: str) -> None:
    """Probe a builder that is still failing after ``delay`` seconds."""
    failed = update(TABLE).where(TABLE.c.id == builder_id, TABLE.c.failed_by == FailedBy.PROBE)
    session.execute(failed.values(probe_delay=delay, next_probe=now + timedelta(seconds=delay), failnotes=reason))


def restore(session: Session, builder_id: int) -> bool:
    """Take a builder that a probe had failed back into service; tell whether it was so."""
    failed = update(TABLE).where(TABLE.c.id == builder_id, TABLE.c.failed_by == FailedBy.PROBE)
    values = {"failed_by": None, "failnotes": None, "date_failed": None, "next_probe": None, "probe_delay": 0.0}
    return bool(changed(session, failed.values(builderok=True, **values)))


def mark(session: Session, now: datetime, builder_id: int, status: CleanStatus) -> None:
    """Set whether the builder can be given work; the time of the change stays where nothing changes."""
    other = update(TABLE).where(TABLE.c.id == builder_id, TABLE.c.clean_status != status)
    session.execute(other.values(clean_status=status, clean_since=now))


def cleaned(session: Session, now: datetime, builder_id: int, url: str) -> bool:
    """Let a builder whose slave at ``url`` was cleaned get work again; tell whether that is so.

    Not where it holds a build by now, is out of service, or has moved.
    """
    mine = update(TABLE).where(TABLE.c.id == builder_id, TABLE.c.url == url, TABLE.c.builderok, ~_holds())
    return bool(changed(session, mine.values(clean_status=CleanStatus.CLEAN, clean_since=now)))


def clean_all(session: Session, builders: Sequence[tuple[int, str, datetime]]) -> list[None]:
    """Let builders get work again, given their ids, their slaves' URLs and when these were cleaned; as ``cleaned``."""
    rows = [{"b": builder_id, "at": url, "since": since} for builder_id, url, since in builders]
    session.connection().execute(CLEAN, rows)
    return [None] * len(builders)


def _holds() -> ColumnElement[bool]:
    return exists().where(ATTEMPT.c.builder_id == TABLE.c.id, ATTEMPT.c.finished.is_(None))


def set_manual(session: Session, builder_id: int) -> None:
    """Give the builder no more work until an operator says so."""
    _set(session, builder_id, manual=True)


def clear_count(session: Session, builder_id: int) -> None:
    """Forget the builder's failures: it did its work."""
    session.execute(update(TABLE).where(TABLE.c.id == builder_id, TABLE.c.failure_count > 0).values(failure_count=0))


def _set(session: Session, builder_id: int, **values: object) -> None:
    session.execute(update(TABLE).where(TABLE.c.id == builder_id).values(**values))


CLEAN = (
    update(TABLE)
    .where(TABLE.c.id == bindparam("b"), TABLE.c.url == bindparam("at"), TABLE.c.builderok, ~_holds())
    .values(clean_status=CleanStatus.CLEAN, clean_since=bindparam("since"))
)
