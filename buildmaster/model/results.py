"""Take in the results of builds: which wait for it, whether they fit, and what is recorded of them.

A deed here is done only while the build and the attempt are still UPLOADING: who comes late changes nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session, joinedload

from buildmaster.farm.facts import Content
from buildmaster.farm.logs import renamed_log
from buildmaster.farm.states import BuildState, Publishing, check_transition
from buildmaster.farm.uploads import BinaryPackage, ExpectedBuild, ReadFolder, binaries_of, check_binaries
from buildmaster.model.archive import BinaryPackageRelease, BinaryPublication, SourcePublication
from buildmaster.model.builds import Attempt, Build
from buildmaster.model.contents import known_contents
from buildmaster.model.distribution import DistroArchSeries
from buildmaster.model.files import StoredFile, remember_file

Notices = Callable[[Session, datetime, int, str], None]  # what a build's end is told by
DEBS = "application/vnd.debian.binary-package"


@dataclass(frozen=True)
class Uploading:
    """An attempt whose results wait to be taken in."""

    attempt_id: int
    build_id: int
    leaf: str
    distribution: str
    suite: str


@dataclass(frozen=True)
class Refusal:
    """Why results are refused: in a line, and as the log of the upload, which the librarian keeps as ``log``."""

    reason: str
    text: str
    log: Content


def uploading(session: Session) -> tuple[Uploading, ...]:
    """Return the attempts whose results wait, the oldest first."""
    waiting = select(Attempt).where(Attempt.state == BuildState.UPLOADING, Attempt.finished.is_not(None))
    waiting = waiting.options(joinedload(Attempt.build, innerjoin=True))
    attempts = session.scalars(waiting.order_by(Attempt.finished, Attempt.id))
    return tuple(_uploading(attempt) for attempt in attempts if attempt.build.buildstate is BuildState.UPLOADING)


def state_of_attempt(session: Session, cookie: str) -> tuple[BuildState, str | None] | None:
    """Return the state and the leaf of the attempt with this cookie, or None where nobody gave it out."""
    found = session.execute(select(Attempt.state, Attempt.leaf).where(Attempt.cookie == cookie)).one_or_none()
    return None if found is None else (found.state, found.leaf)


def judge_results(session: Session, attempt_id: int, folder: ReadFolder) -> tuple[str, ...] | None:
    """Return the reasons why the results are refused, none where they fit; None where nobody waits for them."""
    attempt = _waiting(session, attempt_id)
    return None if attempt is None else check_binaries(folder, _expected(session, attempt.build, folder))


def record_results(session: Session, attempt_id: int, folder: ReadFolder, now: datetime) -> tuple[str, ...] | None:
    """Record and publish the binaries, and end the build as FULLYBUILT, unless there are reasons against it.

    The contents must be in the librarian already.
    """
    attempt = _waiting(session, attempt_id)
    if attempt is None:
        return None
    expected = _expected(session, attempt.build, folder)
    reasons = check_binaries(folder, expected)
    if not reasons:
        packages = binaries_of(folder, expected)
        _publish(session, attempt.build, packages, _release(session, attempt.build, packages, now), now)
        _end(attempt, BuildState.FULLYBUILT)
    return reasons


def refuse_results(session: Session, attempt_id: int, refusal: Refusal, tell: Notices | None, now: datetime) -> bool:
    """End the build as FAILEDTOUPLOAD, with the upload's log, and tell of it; return whether somebody waited for that.

    ``tell`` posts the notice, of which the log is part.
    """
    attempt = _waiting(session, attempt_id)
    if attempt is None:
        return False
    name = f"upload_{attempt.build_id}_log.txt"
    log_id = remember_file(session, refusal.log, name, "text/plain", now, attempt.build.archive_id)
    attempt.upload_log_id = attempt.build.upload_log_id = log_id
    attempt.failure = attempt.build.failure = refusal.reason
    _end(attempt, BuildState.FAILEDTOUPLOAD)
    session.flush()
    if tell is not None:
        tell(session, now, attempt.build_id, refusal.text)
    return True


def _waiting(session: Session, attempt_id: int) -> Attempt | None:
    loaded = joinedload(Attempt.build, innerjoin=True)
    places = (Build.release, Build.architecture)
    options = [loaded.joinedload(place, innerjoin=True) for place in places]
    attempt = session.get(Attempt, attempt_id, options=options, with_for_update={"of": Attempt})
    if attempt is None or attempt.state is not BuildState.UPLOADING:
        return None
    return attempt if attempt.build.buildstate is BuildState.UPLOADING else None


def _end(attempt: Attempt, state: BuildState) -> None:
    check_transition(attempt.build.buildstate, state)
    attempt.state = attempt.build.buildstate = state
    if attempt.buildlog is not None:
        attempt.buildlog.filename = renamed_log(attempt.buildlog.filename, state)


def _uploading(attempt: Attempt) -> Uploading:
    build = attempt.build
    series = build.architecture.series
    return Uploading(
        attempt_id=attempt.id,
        build_id=build.id,
        leaf=attempt.leaf or "",
        distribution=series.distribution.name,
        suite=series.name + build.pocket.suffix,
    )


def _expected(session: Session, build: Build, folder: ReadFolder) -> ExpectedBuild:
    known = known_contents(session, build.archive_id, folder.found)
    return ExpectedBuild(
        build_id=build.id,
        source=build.release.name,
        version=build.release.version,
        suite=build.architecture.series.name + build.pocket.suffix,
        tag=build.architecture.architecturetag,
        arch_indep=build.arch_indep,
        component=_component(session, build),
        known={name: content.sha256 for name, content in known.items()},
    )


def _component(session: Session, build: Build) -> str:
    """Return the component that the source is published in, where the build is for."""
    published = (
        select(SourcePublication.component)
        .where(
            SourcePublication.release_id == build.sourcepackagerelease_id,
            SourcePublication.archive_id == build.archive_id,
            SourcePublication.series_id == build.architecture.series_id,
        )
        .order_by(SourcePublication.id.desc())
    )
    return session.scalar(published.limit(1)) or build.release.component


def _release(session: Session, build: Build, packages: Sequence[BinaryPackage], now: datetime) -> list[int]:
    """Record the packages and their files; return the ids of the releases in the same order."""
    files = [
        {
            "filename": package.filename,
            "mimetype": DEBS,
            "sha256": package.content.sha256,
            "sha1": package.content.sha1,
            "size": package.content.size,
            "date_created": now,
            "archive_id": build.archive_id,
        }
        for package in packages
    ]
    adding = insert(StoredFile).returning(StoredFile.id, sort_by_parameter_order=True)
    file_ids = session.scalars(adding, files).all()
    releases = [
        {"build_id": build.id, "file_id": file_id, **_described(package)}
        for package, file_id in zip(packages, file_ids, strict=True)
    ]
    releasing = insert(BinaryPackageRelease).returning(BinaryPackageRelease.id, sort_by_parameter_order=True)
    return list(session.scalars(releasing, releases).all())


def _described(package: BinaryPackage) -> dict[str, str]:
    """Return the columns of a release that are the package's own."""
    return {name: value for name, value in vars(package).items() if name not in {"filename", "content"}}


def _publish(
    session: Session,
    build: Build,
    packages: Sequence[BinaryPackage],
    release_ids: Sequence[int],
    now: datetime,
) -> None:
    """Publish the packages where the build is for; one for all architectures in each of its series."""
    everywhere = session.scalars(
        select(DistroArchSeries.id).where(DistroArchSeries.series_id == build.architecture.series_id),
    ).all()
    rows = [
        {
            "release_id": release_id,
            "archive_id": build.archive_id,
            "distroarchseries_id": place,
            "pocket": build.pocket,
            "component": package.component,
            "section": package.section,
            "priority": package.priority,
            "status": Publishing.PENDING,
            "date_created": now,
        }
        for package, release_id in zip(packages, release_ids, strict=True)
        for place in (everywhere if package.architecture == "all" else [build.distroarchseries_id])
    ]
    session.execute(insert(BinaryPublication), rows)
