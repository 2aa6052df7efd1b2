"""Answer what archives know by the names of files: a name in an archive means one content for ever."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, select, union_all
from sqlalchemy.orm import Session

from buildmaster.farm.vocabulary.contents import Content
from buildmaster.model.tables.archive import (
    BinaryPackageRelease,
    BinaryPublication,
    SourcePackageReleaseFile,
    SourcePublication,
)
from buildmaster.model.tables.files import StoredFile
from buildmaster.model.tables.mapping import by_no_index, table_of

BATCH = 500  # names asked for at a time
SOURCE_FILE, SOURCE_PLACE = table_of(SourcePackageReleaseFile), table_of(SourcePublication)
BINARY, BINARY_PLACE, FILE = table_of(BinaryPackageRelease), table_of(BinaryPublication), table_of(StoredFile)
ARCHIVES: BindParameter[int] = bindparam("archives", expanding=True)
NAMES: BindParameter[str] = bindparam("names", expanding=True)
DESCRIBED = (FILE.c.sha256, FILE.c.sha1, FILE.c.size)


def _in_sources() -> Select[Any]:  # Any: of many columns
    return (
        select(SOURCE_PLACE.c.archive_id, SOURCE_FILE.c.filename, *DESCRIBED)
        .join_from(SOURCE_FILE, FILE, FILE.c.id == SOURCE_FILE.c.file_id)
        .join(SOURCE_PLACE, SOURCE_PLACE.c.release_id == SOURCE_FILE.c.release_id)
        .where(SOURCE_FILE.c.filename.in_(NAMES), by_no_index(SOURCE_PLACE.c.archive_id).in_(ARCHIVES))
    )


def _in_binaries() -> Select[Any]:  # Any: of many columns
    return (
        select(BINARY_PLACE.c.archive_id, FILE.c.filename, *DESCRIBED)
        .join_from(FILE, BINARY, BINARY.c.file_id == FILE.c.id)
        .join(BINARY_PLACE, BINARY_PLACE.c.release_id == BINARY.c.id)
        .where(FILE.c.filename.in_(NAMES), by_no_index(BINARY_PLACE.c.archive_id).in_(ARCHIVES))
    )


KNOWN = union_all(_in_sources(), _in_binaries())


def contents_in(
    session: Session, archive_ids: Collection[int], names: Collection[str]
) -> dict[tuple[int, str], Content]:
    """Return the contents of those of the files that these archives have, or had, by archive and name."""
    ordered = sorted(names)
    known: dict[tuple[int, str], Content] = {}
    for start in range(0, len(ordered), BATCH):
        asked = {"archives": sorted(archive_ids), "names": ordered[start : start + BATCH]}
        rows = session.connection().execute(KNOWN, asked)
        known |= {(archive_id, name): Content(*described) for archive_id, name, *described in rows}
    return known


def known_contents(session: Session, archive_id: int, names: Collection[str]) -> dict[str, Content]:
    """Return the contents of those of the files that the archive has, or had, by their names."""
    return {name: content for (_, name), content in contents_in(session, (archive_id,), names).items()}
