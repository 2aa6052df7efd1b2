"""Messages to be sent, written in the transaction that has the reason for them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from buildmaster.model.tables.mapping import AUTOINCREMENT, Base, Id, partial_index

UNSENT = text("date_sent IS NULL")
FIRST_PAUSE = timedelta(minutes=1)  # until the second try; twice as long each time,
LONGEST_PAUSE = timedelta(hours=4)  # up to this
GIVEN_UP_AFTER = timedelta(days=5)  # RFC 5321 4.5.4.1: at least 4-5 days


class OutboxMessage(Base):
    """A mail to one address. ``headers`` is a JSON object; ``next_try`` is when it may be tried (again).

    ``date_sent`` is when it was sent, or given up: then ``failure`` stays.
    """

    __tablename__ = "outboxmessage"
    __table_args__ = (
        partial_index("ix_outboxmessage_unsent", "next_try", where=UNSENT),
        AUTOINCREMENT,
    )

    id: Mapped[Id]
    recipient: Mapped[str]
    subject: Mapped[str]
    headers: Mapped[str] = mapped_column(default="{}")
    body: Mapped[str]
    date_created: Mapped[datetime]
    next_try: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    date_sent: Mapped[datetime | None]
    failure: Mapped[str | None]


@dataclass(frozen=True)
class Message:
    """A mail that is due. ``headers`` are its own, in their order."""

    id: int
    recipient: str
    subject: str
    headers: tuple[tuple[str, str], ...]
    body: str


def post(
    session: Session,
    now: datetime,
    recipient: str,
    subject: str,
    body: str,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Put a mail into the outbox; the notifier sends it. A ``From`` among the headers is the name of the sender."""
    session.add(
        OutboxMessage(
            recipient=recipient,
            subject=" ".join(subject.split()),
            headers=json.dumps(dict(headers or {})),
            body=body.replace("\0", ""),
            date_created=now,
            next_try=now,
        ),
    )


def due_messages(session: Session, now: datetime, limit: int) -> tuple[Message, ...]:
    """Return the first messages that may be tried now."""
    table = OutboxMessage
    query = select(table).where(UNSENT, table.next_try <= now).order_by(table.next_try, table.id).limit(limit)
    return tuple(
        Message(row.id, row.recipient, row.subject, tuple(json.loads(row.headers).items()), row.body)
        for row in session.scalars(query)
    )


def mark_sent(session: Session, now: datetime, message_id: int) -> None:
    """Note that the mail host took the message."""
    row = OutboxMessage
    session.execute(update(row).where(row.id == message_id).values(date_sent=now, tries=row.tries + 1, failure=None))


def mark_refused(session: Session, now: datetime, message_id: int, reason: str) -> None:
    """Note why the message was not sent; it is tried again after a pause that grows, and given up in the end."""
    row = session.get_one(OutboxMessage, message_id)
    pause = min(FIRST_PAUSE * 2 ** min(row.tries, 20), LONGEST_PAUSE)
    row.tries += 1
    row.failure = reason
    row.next_try = now + pause
    if now - row.date_created > GIVEN_UP_AFTER:
        row.date_sent = now
