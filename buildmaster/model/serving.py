"""Answer which stored file an address means, and who may have it."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from buildmaster.model.tables.archive import Archive
from buildmaster.model.tables.files import StoredFile


@dataclass(frozen=True)
class ServedFile:
    """A file as the web serves it.

    ``archive`` and ``secret`` are set for one of a private archive: its reference, and its builders' password.
    """

    filename: str
    mimetype: str
    sha256: str
    archive: str | None = None
    secret: str | None = None


def served_file(session: Session, file_id: int) -> ServedFile | None:
    """Return the file, or None where no file has this id."""
    file = session.get(StoredFile, file_id)
    if file is None:
        return None
    private = select(Archive.reference, Archive.buildd_secret).where(Archive.id == file.archive_id, Archive.private)
    archive, secret = session.execute(private).one_or_none() or (None, None)
    return ServedFile(file.filename, file.mimetype, file.sha256, archive, secret)
