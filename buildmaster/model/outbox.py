"""Messages to be sent, written in the transaction that has the reason for them."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from buildmaster.model.mapping import AUTOINCREMENT, Base, Id

UNSENT = text("date_sent IS NULL")


class OutboxMessage(Base):
    """A mail to one address. ``headers`` is a JSON object; ``next_try`` is when it may be tried (again)."""

    __tablename__ = "outboxmessage"
    __table_args__ = (
        Index("ix_outboxmessage_unsent", "next_try", sqlite_where=UNSENT, postgresql_where=UNSENT),
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
