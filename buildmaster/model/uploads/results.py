"""Take in the results of builds: which wait for it, and what is recorded of them.

That is done only while the build and the attempt are still UPLOADING: who comes late changes nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from buildmaster.farm.uploads.binaries import BinaryPackage, ExpectedBuild, known_faults
from buildmaster.farm.vocabulary.archives import Pocket, Publishing
from buildmaster.farm.vocabulary.states import BuildState, check_transition
from buildmaster.model.queue.places import with_place
from buildmaster.model.tables.archive import (
    BinaryPackageRelease,
    BinaryPublication,
    SourcePackageRelease,
    SourcePublication,
)
from buildmaster.model.tables.builds import Attempt, Build
from buildmaster.model.tables.distribution import Distribution, DistroArchSeries, DistroSeries
from buildmaster.model.tables.files import StoredFile
from buildmaster.model.tables.mapping import IDS, AnyRow, AnySelect, table_of
from buildmaster.model.uploads.contents import contents_in
from buildmaster.model.uploads.lognames import name_logs

Reasons = tuple[str, ...] | None  # why results are refused; None where nobody waits for them any more
DEBS = "application/vnd.debian.binary-package"
ATTEMPT, BUILD, SOURCE = table_of(Attempt), table_of(Build), table_of(SourcePackageRelease)
FILE, BINARY = table_of(StoredFile), table_of(BinaryPackageRelease)
ARCHITECTURE, SERIES, DISTRIBUTION = table_of(DistroArchSeries), table_of(DistroSeries), table_of(Distribution)


@dataclass(frozen=True)
class Uploading:
    """An attempt whose results wait to be taken in: where they lie, what they must be of, and where they go."""

    attempt_id: int
    leaf: str
    distribution: str
    expected: ExpectedBuild
    archive_id: int
    series_id: int
    distroarchseries_id: int
    pocket: Pocket

    @property
    def build_id(self) -> int:
        """The build."""
        return self.expected.build_id

    @property
    def suite(self) -> str:
        """The suite that it is built for."""
        return self.expected.suite


@dataclass(frozen=True)
class Results:
    """What an attempt brought: binaries that fit, and the SHA-256s of all files by their names."""

    attempt: Uploading
    packages: tuple[BinaryPackage, ...]
    digests: Mapping[str, str]
    now: datetime


def _component() -> AnySelect:
    """Return a query for the component of a build's source where that was published last for the build."""
    published = select(SourcePublication.component).where(
        SourcePublication.release_id == BUILD.c.sourcepackagerelease_id,
        SourcePublication.archive_id == BUILD.c.archive_id,
        SourcePublication.series_id == ARCHITECTURE.c.series_id,
    )
    return published.order_by(SourcePublication.id.desc()).limit(1)


def _waiting_results() -> AnySelect:
    component = func.coalesce(_component().scalar_subquery(), SOURCE.c.component)
    return with_place(
        select(
            *(ATTEMPT.c.id, ATTEMPT.c.leaf, BUILD.c.id.label("build_id"), BUILD.c.archive_id, BUILD.c.arch_indep),
            *(BUILD.c.distroarchseries_id, BUILD.c.pocket, SOURCE.c.name.label("source"), SOURCE.c.version),
            *(ARCHITECTURE.c.architecturetag, ARCHITECTURE.c.series_id, SERIES.c.name.label("series")),
            *(DISTRIBUTION.c.name.label("distribution"), component.label("component")),
        )
        .join_from(BUILD, ATTEMPT, ATTEMPT.c.build_id == BUILD.c.id)
        .where(BUILD.c.buildstate == BuildState.UPLOADING, BUILD.c.id > bindparam("after"))
        .where(ATTEMPT.c.state == BuildState.UPLOADING, ATTEMPT.c.finished.is_not(None))
        .order_by(BUILD.c.id)
        .limit(bindparam("most"))
    )


WAITING = _waiting_results()
STILL_WAITING = (
    select(ATTEMPT.c.id, ATTEMPT.c.buildlog_id)
    .join_from(ATTEMPT, BUILD, BUILD.c.id == ATTEMPT.c.build_id)
    .where(ATTEMPT.c.id.in_(IDS), ATTEMPT.c.state == BuildState.UPLOADING, BUILD.c.buildstate == BuildState.UPLOADING)
    .order_by(ATTEMPT.c.id)
    .with_for_update()
)
ARCHITECTURES = select(ARCHITECTURE.c.series_id, ARCHITECTURE.c.id).where(ARCHITECTURE.c.series_id.in_(IDS))
END_BUILDS = update(BUILD).where(BUILD.c.id.in_(IDS)).values(buildstate=BuildState.FULLYBUILT)
END_ATTEMPTS = update(ATTEMPT).where(ATTEMPT.c.id.in_(IDS)).values(state=BuildState.FULLYBUILT)
ADD_FILES = insert(FILE).returning(FILE.c.id, FILE.c.archive_id, FILE.c.filename, FILE.c.sha256)
ADD_RELEASES = insert(BINARY).returning(
    BINARY.c.id, BINARY.c.build_id, BINARY.c.name, BINARY.c.kind, BINARY.c.architecture
)
PUBLISH = insert(table_of(BinaryPublication))


def uploading(session: Session, after: int, most: int) -> tuple[Uploading, ...]:
    """Return attempts whose results wait, by the ids of their builds, from beyond ``after`` on."""
    rows = session.connection().execute(WAITING, {"after": after, "most": most})
    return tuple(_uploading(row) for row in rows)


def states_of_attempts(session: Session, cookies: Collection[str]) -> dict[str, tuple[BuildState, str | None]]:
    """Return the states and the leaves of the attempts with these cookies; nothing of one that nobody gave out."""
    rows = session.execute(
        select(ATTEMPT.c.cookie, ATTEMPT.c.state, ATTEMPT.c.leaf).where(ATTEMPT.c.cookie.in_(cookies))
    )
    return {cookie: (state, leaf) for cookie, state, leaf in rows}


def record_results(session: Session, items: Sequence[Results]) -> list[Reasons]:
    """Record and publish the binaries of many attempts, and end their builds as FULLYBUILT.

    Return for each the reasons against it: an archive may know one of its names for another content, perhaps since an
    item before it was recorded. The contents must be in the librarian already.
    """
    attempts = {"ids": [item.attempt.attempt_id for item in items]}
    logs = {row.id: row.buildlog_id for row in session.connection().execute(STILL_WAITING, attempts)}
    waiting = [item for item in items if item.attempt.attempt_id in logs]
    verdicts = _judge(session, waiting)
    accepted = [item for item in waiting if not verdicts[item.attempt.attempt_id]]
    if accepted:
        _publish(session, _release(session, accepted))
        _end_all(session, accepted, logs)
    return [verdicts.get(item.attempt.attempt_id) for item in items]


def _uploading(row: AnyRow) -> Uploading:
    suite = row.series + row.pocket.suffix
    return Uploading(
        attempt_id=row.id,
        leaf=row.leaf or "",
        distribution=row.distribution,
        expected=ExpectedBuild(
            row.build_id, row.source, row.version, suite, row.architecturetag, row.arch_indep, row.component
        ),
        archive_id=row.archive_id,
        series_id=row.series_id,
        distroarchseries_id=row.distroarchseries_id,
        pocket=row.pocket,
    )


def _judge(session: Session, items: Sequence[Results]) -> dict[int, tuple[str, ...]]:
    """Return the reasons against each, by its attempt; what is accepted is known to those after it."""
    known: dict[int, dict[str, str]] = {item.attempt.archive_id: {} for item in items}
    names = {name for item in items for name in item.digests}
    for (archive_id, name), content in contents_in(session, known, names).items():
        known[archive_id][name] = content.sha256
    verdicts = {}
    for item in items:
        here = known[item.attempt.archive_id]
        verdicts[item.attempt.attempt_id] = reasons = known_faults(item.digests, here)
        if not reasons:
            here.update((package.filename, package.content.sha256) for package in item.packages)
    return verdicts


def _release(session: Session, items: Sequence[Results]) -> list[tuple[Results, BinaryPackage, int]]:
    """Record the packages and their files; return each package with its attempt's results and its release's id."""
    packages = [(item, package) for item in items for package in item.packages]
    files = _by_key(session, ADD_FILES, [_file(item, package) for item, package in packages])
    releases = [
        {
            "build_id": item.attempt.build_id,
            "file_id": files[item.attempt.archive_id, package.filename, package.content.sha256].pop(),
            **_described(package),
        }
        for item, package in packages
    ]
    ids = _by_key(session, ADD_RELEASES, releases)
    return [
        (item, package, ids[item.attempt.build_id, package.name, package.kind, package.architecture].pop())
        for item, package in packages
    ]


def _by_key(session: Session, adding: Any, rows: Sequence[dict[str, Any]]) -> dict[tuple[Any, ...], list[int]]:
    """Add rows in one statement; return their ids by what else it returns, which it does in any order.

    Rows that are alike may have each other's ids. (Any: an insert, and columns of several types.)
    """
    found: dict[tuple[Any, ...], list[int]] = {}
    for row_id, *key in session.connection().execute(adding, rows):
        found.setdefault(tuple(key), []).append(row_id)
    return found


def _file(item: Results, package: BinaryPackage) -> dict[str, Any]:  # Any: columns of several types
    return {
        "filename": package.filename,
        "mimetype": DEBS,
        **vars(package.content),
        "date_created": item.now,
        "archive_id": item.attempt.archive_id,
    }


def _described(package: BinaryPackage) -> dict[str, Any]:  # Any: columns of several types
    """Return the columns of a release that are the package's own."""
    return {name: value for name, value in vars(package).items() if name not in {"filename", "content"}}


def _publish(session: Session, released: Sequence[tuple[Results, BinaryPackage, int]]) -> None:
    """Publish the packages where their builds are for; one for all architectures in each of its series."""
    everywhere = _everywhere(session, {item.attempt.series_id for item, package, _ in released if _for_all(package)})
    rows = [
        {
            "release_id": release_id,
            "archive_id": item.attempt.archive_id,
            "distroarchseries_id": place,
            "pocket": item.attempt.pocket,
            "component": package.component,
            "section": package.section,
            "priority": package.priority,
            "status": Publishing.PENDING,
            "date_created": item.now,
        }
        for item, package, release_id in released
        for place in (everywhere[item.attempt.series_id] if _for_all(package) else [item.attempt.distroarchseries_id])
    ]
    session.connection().execute(PUBLISH, rows)


def _for_all(package: BinaryPackage) -> bool:
    return package.architecture == "all"


def _everywhere(session: Session, series_ids: Collection[int]) -> dict[int, list[int]]:
    """Return the architectures of these series."""
    found: dict[int, list[int]] = {series_id: [] for series_id in series_ids}
    if found:
        for series_id, architecture_id in session.connection().execute(ARCHITECTURES, {"ids": sorted(found)}):
            found[series_id].append(architecture_id)
    return found


def _end_all(session: Session, items: Sequence[Results], logs: Mapping[int, int | None]) -> None:
    """End builds and attempts as FULLYBUILT, and name their logs so."""
    check_transition(BuildState.UPLOADING, BuildState.FULLYBUILT)
    ids = [item.attempt.attempt_id for item in items]
    session.connection().execute(END_ATTEMPTS, {"ids": ids})
    session.connection().execute(END_BUILDS, {"ids": [item.attempt.build_id for item in items]})
    named = [log_id for attempt_id in ids if (log_id := logs[attempt_id]) is not None]
    name_logs(session, named, BuildState.UPLOADING, BuildState.FULLYBUILT)
