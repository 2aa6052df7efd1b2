"""Read the trail of who did what."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from buildmaster.model.tables.people import Audit


@dataclass(frozen=True)
class AuditListing:
    """One deed of a person."""

    date: datetime
    who: str
    action: str
    subject: str
    details: dict[str, object]


def trail(session: Session, subject: str | None, limit: int | None) -> list[AuditListing]:
    """Return the ``limit`` newest deeds, or all, newest first; with ``subject`` those done to it."""
    rows = select(Audit).order_by(Audit.id.desc()).limit(limit)
    if subject is not None:
        rows = rows.where(Audit.subject == subject)
    return [
        AuditListing(row.date, row.who, row.action, row.subject, json.loads(row.details))
        for row in session.scalars(rows)
    ]
