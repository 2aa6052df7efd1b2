"""Accounts, their roles and tokens, and the trail of who did what."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from buildmaster.farm.states import Role
from buildmaster.model.mapping import AUTOINCREMENT, Base, Id, Word


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
