"""What must hold in the database at any moment, asked of the live one."""

from collections.abc import Callable, Iterator

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session, aliased

from buildmaster.farm.builders.states import CleanStatus
from buildmaster.farm.findings import Finding
from buildmaster.farm.vocabulary.states import HELD, BuildState
from buildmaster.model.tables.archive import Archive, BinaryPackageRelease
from buildmaster.model.tables.builders import Builder
from buildmaster.model.tables.builds import Attempt, Build, BuildQueue
from buildmaster.model.tables.distribution import DistroArchSeries
from buildmaster.model.tables.files import StoredFile

CURE = "this is a fault of the build master: keep a copy of the database, and report it"
QUEUED = HELD | {BuildState.NEEDSBUILD}
LIVE = exists().where(
    Attempt.build_id == Build.id,
    Attempt.finished.is_(None),
    Attempt.builder_id == BuildQueue.builder_id,
)
LATER = aliased(Attempt)
ENTRY = exists().where(BuildQueue.build_id == Build.id)


def broken_invariants(session: Session, kept: Callable[[str], bool]) -> tuple[Finding, ...]:
    """Return each way in which the rows contradict each other; ``kept`` tells whether the librarian has a SHA-256."""
    found = [
        Finding(f"{title}: build {build_id}", CURE)
        for title, query in QUERIES.items()
        for build_id in session.scalars(query)
    ]
    return (*found, *_twice(session), *_clean(session), *_lost(session, kept))


def _entries(*conditions: ColumnElement[bool]) -> Select[int]:
    return select(Build.id).join(Build.entry).where(*conditions).order_by(Build.id)


QUERIES = {
    "waiting or held, and not in the queue": select(Build.id).where(Build.buildstate.in_(QUEUED), ~ENTRY),
    "ended, and still in the queue": _entries(Build.buildstate.not_in(QUEUED)),
    "waiting, and given to a builder": _entries(
        Build.buildstate == BuildState.NEEDSBUILD,
        BuildQueue.builder_id.is_not(None),
    ),
    "in progress, and given to no builder": _entries(Build.buildstate.in_(HELD), BuildQueue.builder_id.is_(None)),
    "in progress, without an attempt of its builder": _entries(BuildQueue.builder_id.is_not(None), ~LIVE),
    "an attempt under way, and the build isn't": select(Build.id)
    .join(Build.attempts)
    .where(Attempt.finished.is_(None), Build.buildstate.not_in(HELD)),
    "waits, with a reason that says nothing": _entries(BuildQueue.builder_id.is_(None), BuildQueue.reason == ""),
    "queued for other builders than its architecture and archive name": _entries(
        (BuildQueue.processor_id != DistroArchSeries.processor_id) | (BuildQueue.is_trusted != Archive.trusted),
    )
    .join(Build.architecture)
    .join(Build.archive),
    "its results wait for the uploader, and nobody knows where": select(Build.id).where(
        Build.buildstate == BuildState.UPLOADING,
        ~exists().where(Attempt.build_id == Build.id, Attempt.state == BuildState.UPLOADING, Attempt.leaf.is_not(None)),
    ),
    "fully built once, and tried again": select(Attempt.build_id).where(
        Attempt.state == BuildState.FULLYBUILT,
        exists().where(LATER.build_id == Attempt.build_id, LATER.number > Attempt.number),
    ),
    "fully built, without a package": select(Build.id).where(
        Build.buildstate == BuildState.FULLYBUILT,
        ~exists().where(BinaryPackageRelease.build_id == Build.id),
    ),
}


def _twice(session: Session) -> Iterator[Finding]:
    query = select(Builder.name).join(Attempt).where(Attempt.finished.is_(None)).group_by(Builder.name)
    for name in session.scalars(query.having(func.count() > 1)):
        yield Finding(f"holds more than one build: builder {name}", CURE)


def _clean(session: Session) -> Iterator[Finding]:
    held = exists().where(BuildQueue.builder_id == Builder.id)
    query = select(Builder.name).where(Builder.clean_status == CleanStatus.CLEAN, held).order_by(Builder.name)
    for name in session.scalars(query):
        yield Finding(f"holds a build, and is taken for clean: builder {name}", CURE)


def _lost(session: Session, kept: Callable[[str], bool]) -> Iterator[Finding]:
    query = (
        select(BinaryPackageRelease.build_id, StoredFile.filename, StoredFile.sha256)
        .join(BinaryPackageRelease.file)
        .order_by(BinaryPackageRelease.id)
    )
    for build_id, filename, sha256 in session.execute(query):
        if not kept(sha256):
            cure = "bring the librarian's store back from a backup"
            yield Finding(f"{filename} of build {build_id} is not in the librarian", cure)
