"""Tell who looks after code imports what becomes of them, in the transaction in which it does."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from buildmaster.farm.codeimports.jobs import By, ImportFacts, ImportPolicy
from buildmaster.farm.notices.codeimports import import_notice
from buildmaster.farm.vocabulary.people import Role
from buildmaster.model.tables.outbox import post
from buildmaster.model.tables.people import Account, AccountRole


def tell_of_import(session: Session, code_import: ImportFacts, by: By, policy: ImportPolicy) -> None:
    """Post the notice about an import as it is now to administrators and import operators."""
    notice = import_notice(code_import, by.who)
    for address in sorted({*policy.administrators, *import_operators(session)}):
        post(session, by.date, address, notice.subject, notice.body, dict(notice.headers))


def import_operators(session: Session) -> list[str]:
    """Return the addresses of the accounts that look after imports."""
    accounts = select(Account.email).join(AccountRole).where(AccountRole.role == Role.IMPORT_OPERATOR)
    return list(session.scalars(accounts.where(Account.date_removed.is_(None))))
