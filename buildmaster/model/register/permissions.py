"""Answer what somebody with a token may do."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from buildmaster.farm.vocabulary.people import Role
from buildmaster.farm.vocabulary.references import ArchiveReference
from buildmaster.model.tables.archive import Archive
from buildmaster.model.tables.people import Account, AccountRole, Token


@dataclass(frozen=True)
class Person:
    """An account that a token stands for. ``allowed``: it has a role for what it asks."""

    account_id: int
    email: str
    allowed: bool


def person(
    session: Session,
    sha256: str,
    roles: Collection[Role],
    archive: ArchiveReference | None,
    now: datetime,
) -> Person | None:
    """Return who has the secret of this SHA-256, and whether one of ``roles``, there or everywhere, or is an admin.

    None is returned for a secret that stands, or stands now, for nobody. An archive that isn't there is like one
    that nobody has a role in.
    """
    account = session.scalar(
        select(Account)
        .join(Token, Token.account_id == Account.id)
        .where(
            Token.sha256 == sha256,
            Token.expires.is_(None) | (Token.expires > now),
            Account.date_removed.is_(None),
        ),
    )
    if account is None:
        return None
    return Person(account.id, account.email, _has(session, account, {*roles, Role.ADMIN}, archive))


def key_holders(session: Session) -> list[tuple[int, str, str]]:
    """Return the id, the address and the key of each account that has one."""
    held = select(Account.id, Account.email, Account.key).where(
        Account.key.is_not(None), Account.date_removed.is_(None)
    )
    return [(account_id, email, key) for account_id, email, key in session.execute(held.order_by(Account.id)) if key]


def may_upload(session: Session, account_id: int, archive: ArchiveReference) -> bool:
    """Tell whether the account may upload sources there."""
    return _has(session, session.get_one(Account, account_id), {Role.UPLOADER, Role.ADMIN}, archive)


def _has(session: Session, account: Account, roles: Collection[Role], archive: ArchiveReference | None) -> bool:
    place = select(Archive.id).where(Archive.reference == str(archive)).scalar_subquery()
    there = AccountRole.archive_id.is_(None) | (AccountRole.archive_id == place)
    held = select(AccountRole.id).where(AccountRole.account_id == account.id, AccountRole.role.in_(roles), there)
    return session.scalar(held.limit(1)) is not None
