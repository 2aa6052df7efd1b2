"""Let builds wait by the ten thousand: rows that the database makes by itself, in a statement for each table."""

from datetime import UTC, datetime

from sqlalchemy import Text, cast, func, insert, literal, select

from buildmaster.farm.vocabulary.archives import Pocket, Publishing, Urgency
from buildmaster.model.tables.archive import SourcePackageRelease, SourcePackageReleaseFile, SourcePublication
from buildmaster.model.tables.builds import Build, BuildQueue
from buildmaster.model.tables.files import StoredFile

NAMES = 10_000_000  # a name has seven digits
RELEASE, BUILD, FILE = SourcePackageRelease.__table__, Build.__table__, StoredFile.__table__
DIGESTS = {"sha256": "0" * 64, "sha1": "0" * 40, "size": 1}


def name_of(number):
    """Return the name of a source."""
    return f"source{number:07}"


def numbers(first, last):
    """Return the numbers from the first to the last, as a table with a column ``n``."""
    begin = select(literal(first).label("n")).cte(recursive=True)
    return begin.union_all(select(begin.c.n + 1).where(begin.c.n < last))


def copy(session, model, columns, fixed, source=None):
    """Insert a row for each of the ``source``, with some ``columns`` of it and ``fixed`` values."""
    table = model.__table__
    values = columns | {name: literal(value, table.c[name].type) for name, value in fixed.items()}
    rows = select(*values.values())
    session.execute(insert(table).from_select(list(values), rows if source is None else rows.where(source)))


def add_waiting(session, first, last):
    """Let builds of the sources with these numbers wait, with scores of all sizes; their files are there."""
    now = datetime.now(UTC)
    release = {"version": "1.0", "component": "main", "section": "misc", "urgency": Urgency.LOW, "date_uploaded": now}
    release |= {"architecturehintlist": "any", "upload_archive_id": 1, "upload_series_id": 1}
    digits = func.substr(cast(numbers(first, last).c.n + NAMES, Text), 2)
    name = literal("source", Text).concat(digits)
    copy(session, SourcePackageRelease, {"name": name, "binaries": name}, release)
    mine = RELEASE.c.name.between(name_of(first), name_of(last))
    add_files(session, mine, now)
    place = {"archive_id": 1, "series_id": 1, "pocket": Pocket.RELEASE, "component": "main", "section": "misc"}
    place |= {"status": Publishing.PUBLISHED, "date_created": now, "examined": True}
    copy(session, SourcePublication, {"release_id": RELEASE.c.id}, place, mine)
    build = {"datecreated": now, "distroarchseries_id": 1, "archive_id": 1, "processor_id": 1, "arch_indep": False}
    copy(session, Build, {"sourcepackagerelease_id": RELEASE.c.id}, build | {"pocket": Pocket.RELEASE}, mine)
    entry = {"created": now, "is_trusted": True, "processor_id": 1, "score_step": 0}
    belong = mine & (BUILD.c.sourcepackagerelease_id == RELEASE.c.id)
    copy(session, BuildQueue, {"build_id": BUILD.c.id, "lastscore": BUILD.c.id * 7919 % 5000}, entry, belong)


def add_files(session, mine, now):
    """Add the two files of each of these releases."""
    for end in ("dsc", "tar.xz"):
        filename = RELEASE.c.name.concat(literal(f"_1.0.{end}", Text))
        kept = {"mimetype": "application/octet-stream", "date_created": now, **DIGESTS}
        copy(session, StoredFile, {"filename": filename}, kept, mine)
        columns = {"release_id": RELEASE.c.id, "filename": filename, "file_id": FILE.c.id}
        held = {"sha256": DIGESTS["sha256"], "size": 1}
        copy(session, SourcePackageReleaseFile, columns, held, mine & (FILE.c.filename == filename))
