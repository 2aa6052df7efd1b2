"""The files that the librarian keeps: a name and a type for a content."""

from datetime import datetime
from urllib.parse import quote

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, Session, mapped_column

from buildmaster.farm.facts import Content
from buildmaster.model.mapping import AUTOINCREMENT, Base, Id


class StoredFile(Base):
    """A file as others name it. Several may have one content, which is kept once, by its SHA-256.

    ``archive_id`` is set for a file of a private archive: only who may read that archive gets it.
    """

    __tablename__ = "storedfile"
    __table_args__ = (
        Index("ix_storedfile_sha1", "sha1"),
        Index("ix_storedfile_sha256", "sha256"),
        Index("ix_storedfile_filename", "filename"),
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


def remember_file(
    session: Session,
    content: Content,
    filename: str,
    mimetype: str,
    now: datetime,
    archive_id: int | None = None,
) -> int:
    """Give a name and a type to a content that the librarian keeps; return the id of the file.

    ``archive_id`` is the private archive that the file is of.
    """
    stored = StoredFile(
        filename=filename,
        mimetype=mimetype,
        sha256=content.sha256,
        sha1=content.sha1,
        size=content.size,
        date_created=now,
        archive_id=archive_id,
    )
    session.add(stored)
    session.flush()
    return stored.id


def file_path(file_id: int, filename: str) -> str:
    """Return where a file is served, below the address of the farm: ``files/7/hello_1.0.dsc``."""
    return f"files/{file_id}/{quote(filename, safe='')}"
