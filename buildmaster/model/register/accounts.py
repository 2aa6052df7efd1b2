"""Add accounts and take them away; give them roles and tokens; list them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, selectinload

from buildmaster.errors import BuildmasterError
from buildmaster.farm.vocabulary.people import Role
from buildmaster.farm.vocabulary.references import ArchiveReference, parse_archive, unknown
from buildmaster.model.tables.archive import Archive, find_archive
from buildmaster.model.tables.people import Account, AccountRole, Token

PER_ARCHIVE = frozenset({Role.READER, Role.UPLOADER})


class AccountError(BuildmasterError):
    """An account can't be had that way."""


@dataclass(frozen=True)
class Grant:
    """A role, everywhere or in one archive."""

    role: Role
    archive: ArchiveReference | None = None


@dataclass(frozen=True)
class AccountListing:
    """An account; a role in one archive reads ``uploader:~cprov/ubuntu/ppa``."""

    email: str
    roles: tuple[str, ...]
    tokens: int
    has_key: bool
    created: datetime


def parse_grant(text: str) -> Grant:
    """Return the role that ``text`` says, as ``uploader`` or ``uploader:~cprov/ubuntu/ppa``."""
    word, colon, reference = text.partition(":")
    if word not in {*Role}:
        raise unknown("role", word, [*Role], "give one of them")
    if colon and Role(word) not in PER_ARCHIVE:
        raise AccountError(f"the role {word} is not of an archive: only reader and uploader are")
    return Grant(Role(word), parse_archive(reference) if colon else None)


def find_account(session: Session, email: str) -> Account:
    """Return the account of ``email``; raise UnknownNameError if there is none (any more)."""
    found = session.scalar(select(Account).where(Account.email == email, Account.date_removed.is_(None)))
    if found is None:
        known = session.scalars(select(Account.email).where(Account.date_removed.is_(None))).all()
        raise unknown("account", email, known, f"`buildmaster account add {email}` adds it")
    return found


def add_account(session: Session, email: str, grants: tuple[Grant, ...], key: str | None, now: datetime) -> None:
    """Add the account of ``email`` with these roles, or give them to the one that is there, beside what it has."""
    if not _is_address(email):
        raise AccountError(f"{email!r} is not an address that mail can be sent to")
    account = session.scalar(select(Account).where(Account.email == email))
    if account is None:
        account = Account(email=email, date_created=now)
        session.add(account)
    account.date_removed = None
    account.key = key or account.key
    for grant in grants:
        _give(session, account, grant)


def add_token(session: Session, email: str, sha256: str, days: int | None, now: datetime) -> None:
    """Let a secret, of which only the SHA-256 comes here, stand for the account of ``email``: for ever, or for days."""
    account = find_account(session, email)
    expires = None if days is None else now + timedelta(days=days)
    session.add(Token(account_id=account.id, sha256=sha256, date_created=now, expires=expires))


def remove_account(session: Session, email: str, now: datetime) -> None:
    """Take all roles and tokens from the account of ``email``, and mail it no more; what it did stays known."""
    account = find_account(session, email)
    account.date_removed = now
    session.execute(delete(Token).where(Token.account_id == account.id))
    session.execute(delete(AccountRole).where(AccountRole.account_id == account.id))


def accounts(session: Session, now: datetime) -> list[AccountListing]:
    """Return all accounts, by address, with the tokens that are good ``now``."""
    rows = select(Account).where(Account.date_removed.is_(None)).options(selectinload(Account.roles))
    names = dict(session.execute(select(Archive.id, Archive.reference).join(AccountRole)).all())
    good = select(Token.account_id).where(Token.expires.is_(None) | (Token.expires > now))
    tokens = list(session.scalars(good))
    return [
        AccountListing(
            email=row.email,
            roles=tuple(sorted(_words(role, names) for role in row.roles)),
            tokens=tokens.count(row.id),
            has_key=row.key is not None,
            created=row.date_created,
        )
        for row in session.scalars(rows.order_by(Account.email))
    ]


def _give(session: Session, account: Account, grant: Grant) -> None:
    archive = find_archive(session, grant.archive).id if grant.archive else None
    if (grant.role, archive) not in {(role.role, role.archive_id) for role in account.roles}:
        account.roles.append(AccountRole(role=grant.role, archive_id=archive))


def _words(role: AccountRole, names: dict[int, str]) -> str:
    return role.role.value if role.archive_id is None else f"{role.role.value}:{names[role.archive_id]}"


def _is_address(email: str) -> bool:
    local, at, domain = email.partition("@")
    return bool(local and at and domain) and "@" not in domain and email.isprintable() and " " not in email
