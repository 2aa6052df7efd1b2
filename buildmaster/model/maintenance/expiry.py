"""Forget what is too old, a piece at a time; never what something else still refers to."""

from collections.abc import Collection, Iterator
from datetime import datetime

from sqlalchemy import Column, Select, delete, exists, select
from sqlalchemy.orm import Session

from buildmaster.model.tables.all import metadata
from buildmaster.model.tables.files import StoredFile
from buildmaster.model.tables.outbox import OutboxMessage
from buildmaster.model.tables.people import Audit


def forget_audit(session: Session, before: datetime, limit: int) -> int:
    """Remove the oldest rows of the audit trail; return how many."""
    old = select(Audit.id).where(Audit.date < before).limit(limit)
    return _remove(session, Audit, old)


def forget_mail(session: Session, before: datetime, limit: int) -> int:
    """Remove messages that were sent, or given up, long ago; return how many."""
    table = OutboxMessage
    old = select(table.id).where(table.date_sent < before).limit(limit)
    return _remove(session, table, old)


def forget_files(session: Session, now: datetime, limit: int) -> int:
    """Remove the names of files that expired; return how many. Their contents may still have other names."""
    return _remove(session, StoredFile, expired(now).limit(limit))


def _remove(session: Session, table: type[Audit | OutboxMessage | StoredFile], query: Select[int]) -> int:
    ids = session.scalars(query).all()
    session.execute(delete(table).where(table.id.in_(ids)))
    return len(ids)


def expired(now: datetime) -> Select[int]:
    """Return a query for the ids of files that expired, and that no row of any table refers to."""
    free = [~exists().where(column == StoredFile.id) for column in _references()]
    return select(StoredFile.id).where(StoredFile.expires < now, *free)


def _references() -> Iterator[Column[int]]:
    """Yield the columns, of all tables, that refer to stored files."""
    target = StoredFile.__table__.c.id
    for table in metadata.sorted_tables:
        yield from (key.parent for key in table.foreign_keys if key.column is target)


def nameless(session: Session, digests: Collection[str]) -> frozenset[str]:
    """Return which of these contents, by SHA-256, have no name."""
    known = session.scalars(select(StoredFile.sha256).where(StoredFile.sha256.in_(digests)))
    return frozenset(digests) - frozenset(known)
