"""What ties a builder to an attempt: the cookie, and what is wrong with a strange one."""

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from buildmaster.model.tables.builds import Attempt, Build, BuildQueue

COOKIE = re.compile(r"[0-9]{1,9}-[0-9]{1,9}(-[0-9]{1,9})?")


def cookie_of(build_id: int, entry_id: int, number: int) -> str:
    """Return the cookie of an attempt: no two attempts of a host's life have the same."""
    return f"{build_id}-{entry_id}" if number == 1 else f"{build_id}-{entry_id}-{number}"


def mismatch(session: Session, cookie: str, builder_id: int) -> str | None:
    """Return why a cookie that a slave holds isn't one that its builder should hold.

    None for the builder's own attempt, also one that has ended: such a slave was just not cleaned yet.
    """
    attempt = session.execute(select(Attempt.builder_id, Attempt.finished).where(Attempt.cookie == cookie)).first()
    if attempt is not None and attempt.builder_id == builder_id:
        return None
    if attempt is not None:
        return "The attempt belongs to another builder" if attempt.finished is None else "The attempt has ended"
    return _senseless(session, cookie)


def _senseless(session: Session, cookie: str) -> str:
    if not COOKIE.fullmatch(cookie):
        return "The job identifier makes no sense"
    parts = cookie.split("-")
    if session.get(Build, int(parts[0])) is None:
        return f"The object Build by the ID {int(parts[0])} does not exist"
    entry = session.get(BuildQueue, int(parts[1]))
    if entry is None or entry.build_id != int(parts[0]):
        return "Job build entry mismatch"
    return "The attempt does not exist"
