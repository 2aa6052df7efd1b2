"""The files of imported sources: which are wanted now, and what came."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, literal_column, select, update
from sqlalchemy.orm import Session

from buildmaster.farm.queue.dispatching import UNFETCHED
from buildmaster.farm.uploads.filetypes import mimetype
from buildmaster.farm.vocabulary.contents import Content
from buildmaster.model.tables.archive import SourcePackageRelease, SourcePackageReleaseFile
from buildmaster.model.tables.builds import Build, BuildQueue
from buildmaster.model.tables.files import remember_file
from buildmaster.model.tables.mapping import AnyRow, AnySelect, table_of

RELEASE, BUILD, QUEUE = table_of(SourcePackageRelease), table_of(Build), table_of(BuildQueue)
WORDS: ColumnElement[bool] = literal_column(f"substr(buildqueue.reason, 1, {len(UNFETCHED)}) = '{UNFETCHED}'")
HEADS: AnySelect = (
    select(RELEASE.c.id, RELEASE.c.name, RELEASE.c.version, RELEASE.c.dsc_url)
    .select_from(QUEUE)
    .join(BUILD, BUILD.c.id == QUEUE.c.build_id)
    .join(RELEASE, RELEASE.c.id == BUILD.c.sourcepackagerelease_id)
    .where(QUEUE.c.builder_id.is_(None), WORDS)  # those of an index: see SOURCELESS
    .where(RELEASE.c.id.not_in(bindparam("busy", expanding=True)))
    .order_by(QUEUE.c.lastscore.desc(), QUEUE.c.build_id)
    .limit(bindparam("most"))
)


@dataclass(frozen=True)
class WantedFile:
    """A file to be fetched, and what it must hold."""

    filename: str
    sha256: str
    size: int


@dataclass(frozen=True)
class WantedSource:
    """A source whose files are to be fetched. ``dsc_url`` is where its .dsc is; the others lie beside it."""

    release_id: int
    title: str
    dsc_url: str
    files: tuple[WantedFile, ...]


def wanted_sources(session: Session, limit: int, busy: Collection[int]) -> tuple[WantedSource, ...]:
    """Return sources that hold up builds at the head of the queue, the most urgent first, but not those in ``busy``.

    Several builds may wait for one source: those of one that was found already are passed over.
    """
    found: dict[int, AnyRow] = {}
    while len(found) < limit:
        more = {row[0]: row for row in session.execute(HEADS, {"busy": [*busy, *found], "most": limit - len(found)})}
        if not more:
            break
        found |= more
    return tuple(_source(session, *row) for row in found.values())


def _source(session: Session, release_id: int, name: str, version: str, dsc_url: str | None) -> WantedSource:
    return WantedSource(release_id, f"{name} {version}", dsc_url or "", _files(session, release_id))


def _files(session: Session, release_id: int) -> tuple[WantedFile, ...]:
    file = SourcePackageReleaseFile
    rows = session.execute(
        select(file.filename, file.sha256, file.size)
        .where(file.release_id == release_id, file.file_id.is_(None))
        .order_by(file.id),
    )
    return tuple(WantedFile(*row) for row in rows)


def keep_fetched(session: Session, now: datetime, release_id: int, contents: Mapping[str, Content]) -> None:
    """Record the files that came, by their names; the builds of their source wait for them no more."""
    release = session.get_one(SourcePackageRelease, release_id)
    for file in release.files:
        if file.file_id is None and file.filename in contents:
            content, name = contents[file.filename], file.filename
            file.file_id = remember_file(session, content, name, mimetype(name), now, release.upload_archive_id)
    release.dsc_url = None
    _give_reason(session, release_id, None)


def keep_failure(session: Session, release_id: int, why: str) -> None:
    """Have the builds of a source say why its files could not be fetched."""
    _give_reason(session, release_id, f"{UNFETCHED}: {why}")


def _give_reason(session: Session, release_id: int, reason: str | None) -> None:
    builds = select(Build.id).where(Build.sourcepackagerelease_id == release_id)
    waiting = update(BuildQueue).where(BuildQueue.build_id.in_(builds), BuildQueue.reason.startswith(UNFETCHED))
    session.execute(waiting.values(reason=reason), execution_options={"synchronize_session": False})
