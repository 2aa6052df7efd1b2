"""The files that the librarian keeps: a name and a type for a content."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from buildmaster.model.mapping import AUTOINCREMENT, Base, Id


class StoredFile(Base):
    """A file as others name it. Several may have one content, which is kept once, by its SHA-256.

    ``archive_id`` is set for a file of a private archive: only who may read that archive gets it.
    """

    __tablename__ = "storedfile"
    __table_args__ = (
        Index("ix_storedfile_sha1", "sha1"),
        Index("ix_storedfile_sha256", "sha256"),
        AUTOINCREMENT,
    )

    id: Mapped[Id]
    filename: Mapped[str]
    mimetype: Mapped[str]
    sha256: Mapped[str]
    sha1: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    date_created: Mapped[datetime]
    archive_id: Mapped[int | None] = mapped_column(ForeignKey("archive.id"))
    expires: Mapped[datetime | None]
