"""Accounts, their roles and tokens, and the trail of who did what."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from buildmaster.farm.vocabulary.people import Role
from buildmaster.model.tables.mapping import AUTOINCREMENT, Base, Id, Word

T = TypeVar("T")


class Account(Base):
    """Somebody whom the farm knows by an address."""

    __tablename__ = "account"

    id: Mapped[Id]
    email: Mapped[str] = mapped_column(unique=True)
    key: Mapped[str | None]  # the OpenPGP key that signs uploads, armored
    date_created: Mapped[datetime]
    date_removed: Mapped[datetime | None]
    roles: Mapped[list["AccountRole"]] = relationship()


class AccountRole(Base):
    """What an account may do, everywhere or (a reader, an uploader) in one archive."""

    __tablename__ = "accountrole"

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    role: Mapped[Role] = mapped_column(Word(Role))
    archive_id: Mapped[int | None] = mapped_column(ForeignKey("archive.id"))


class Token(Base):
    """A secret that stands for an account; only its SHA-256 is kept."""

    __tablename__ = "token"

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    sha256: Mapped[str] = mapped_column(unique=True)
    date_created: Mapped[datetime]
    expires: Mapped[datetime | None]


class Audit(Base):
    """One deed of a person, kept for those who ask later. ``details`` is JSON."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_date", "date"), AUTOINCREMENT)

    id: Mapped[Id]
    date: Mapped[datetime]
    who: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    details: Mapped[str] = mapped_column(default="{}")


@dataclass(frozen=True)
class Deed:
    """Who does what to what, and when: a row of the trail to be. ``details`` are of JSON."""

    now: datetime
    who: str
    action: str
    subject: str
    details: Mapping[str, object] = field(default_factory=dict)


def record(
    session: Session,
    now: datetime,
    who: str,
    action: str,
    subject: str,
    details: Mapping[str, object],
) -> None:
    """Keep in the trail that ``who`` did ``action`` to ``subject``; ``details`` must be of JSON."""
    words = json.dumps(dict(details), sort_keys=True, default=str)
    session.add(Audit(date=now, who=who, action=action, subject=subject, details=words))


def audited(session: Session, deed: Deed, work: Callable[..., T], *args: Any) -> T:  # Any: what the work takes
    """Return ``work(session, *args)``, and keep ``deed`` in the trail of the same transaction."""
    result = work(session, *args)
    record(session, deed.now, deed.who, deed.action, deed.subject, deed.details)
    return result
