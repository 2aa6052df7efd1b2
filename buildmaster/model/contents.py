"""Answer what an archive knows by the names of files: a name there means one content for ever."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from buildmaster.farm.facts import Content
from buildmaster.model.archive import (
    BinaryPackageRelease,
    BinaryPublication,
    SourcePackageReleaseFile,
    SourcePublication,
)
from buildmaster.model.files import StoredFile

BATCH = 500  # names asked for at a time


def known_contents(session: Session, archive_id: int, names: Collection[str]) -> dict[str, Content]:
    """Return the contents of those of the files that the archive has, or had, by their names."""
    ordered = sorted(names)
    known = {}
    for start in range(0, len(ordered), BATCH):
        for ask in (_in_sources, _in_binaries):
            known.update(ask(session, archive_id, ordered[start : start + BATCH]))
    return known


def _in_sources(session: Session, archive_id: int, names: list[str]) -> dict[str, Content]:
    files = (
        select(SourcePackageReleaseFile.filename, StoredFile.sha256, StoredFile.sha1, StoredFile.size)
        .join(StoredFile, StoredFile.id == SourcePackageReleaseFile.file_id)
        .join(SourcePublication, SourcePublication.release_id == SourcePackageReleaseFile.release_id)
        .where(SourcePublication.archive_id == archive_id, SourcePackageReleaseFile.filename.in_(names))
    )
    return {name: Content(sha256, sha1, size) for name, sha256, sha1, size in session.execute(files)}


def _in_binaries(session: Session, archive_id: int, names: list[str]) -> dict[str, Content]:
    files = (
        select(StoredFile.filename, StoredFile.sha256, StoredFile.sha1, StoredFile.size)
        .join(BinaryPackageRelease, BinaryPackageRelease.file_id == StoredFile.id)
        .join(BinaryPublication, BinaryPublication.release_id == BinaryPackageRelease.id)
        .where(BinaryPublication.archive_id == archive_id, StoredFile.filename.in_(names))
    )
    return {name: Content(sha256, sha1, size) for name, sha256, sha1, size in session.execute(files)}
