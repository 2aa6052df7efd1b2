"""The files that the librarian keeps: a name and a type for a content."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from sqlalchemy import BigInteger, ForeignKey, Index, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from buildmaster.farm.vocabulary.contents import Content
from buildmaster.model.tables.mapping import AUTOINCREMENT, Base, Id, table_of


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


@dataclass(frozen=True)
class NewFile:
    """A name and a type for a content that the librarian keeps. ``archive_id`` is the private archive that it is of."""

    content: Content
    filename: str
    mimetype: str
    archive_id: int | None = None


def remember_file(
    session: Session,
    content: Content,
    filename: str,
    mimetype: str,
    now: datetime,
    archive_id: int | None = None,
) -> int:
    """Give a name and a type to a content that the librarian keeps; return the id of the file."""
    return remember_files(session, [(NewFile(content, filename, mimetype, archive_id), now)])[0]


def remember_files(session: Session, files: Sequence[tuple[NewFile, datetime]]) -> list[int]:
    """Give names and types to contents, each at its time; return the ids of the files, in their order."""
    rows = [{**_columns(file), "date_created": now} for file, now in files]
    return list(session.connection().execute(REMEMBER, rows).scalars())


def _columns(file: NewFile) -> dict[str, object]:
    content = file.content
    digests = {"sha256": content.sha256, "sha1": content.sha1, "size": content.size}
    return {"filename": file.filename, "mimetype": file.mimetype, "archive_id": file.archive_id, **digests}


STORED = table_of(StoredFile)
REMEMBER = insert(STORED).returning(STORED.c.id, sort_by_parameter_order=True)


def file_path(file_id: int, filename: str) -> str:
    """Return where a file is served, below the address of the farm: ``files/7/hello_1.0.dsc``."""
    return f"files/{file_id}/{quote(filename, safe='')}"
