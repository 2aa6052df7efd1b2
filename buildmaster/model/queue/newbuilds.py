"""Add builds, with their estimates and their places in the queue."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from buildmaster.farm.queue.estimates import estimated_duration
from buildmaster.farm.queue.missingbuilds import NewBuild, Place
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.tables.archive import SourcePackageRelease, SourcePackageReleaseFile
from buildmaster.model.tables.builds import Build, BuildQueue
from buildmaster.model.tables.mapping import IDS, AnySelect, table_of

BUILD, ENTRY, FILE = table_of(Build), table_of(BuildQueue), table_of(SourcePackageReleaseFile)
NEW, OLD = table_of(SourcePackageRelease).alias("new"), table_of(SourcePackageRelease).alias("old")

ADD_BUILDS = insert(BUILD).returning(BUILD.c.id, sort_by_parameter_order=True)
ADD_ENTRIES = insert(ENTRY)
SIZES: AnySelect = (
    select(FILE.c.release_id, func.sum(FILE.c.size)).where(FILE.c.release_id.in_(IDS)).group_by(FILE.c.release_id)
)
SUCCESSES: AnySelect = (
    select(NEW.c.id, BUILD.c.distroarchseries_id, BUILD.c.buildduration)
    .join_from(NEW, OLD, NEW.c.name == OLD.c.name)
    .join(BUILD, BUILD.c.sourcepackagerelease_id == OLD.c.id)
    .where(NEW.c.id.in_(IDS), BUILD.c.buildstate == BuildState.FULLYBUILT, BUILD.c.buildduration.is_not(None))
    .order_by(BUILD.c.datebuilt, BUILD.c.id)
)


def add_builds(
    session: Session,
    now: datetime,
    builds: Sequence[NewBuild],
    scores: Mapping[tuple[int, int], int],
) -> None:
    """Add builds that wait, each with its entry. ``scores`` are by the ids of source release and archive."""
    if not builds:
        return
    durations = _durations(session, builds)
    rows_of_builds = [_build_row(build, now, durations[build.place]) for build in builds]
    connection = session.connection()
    ids = connection.scalars(ADD_BUILDS, rows_of_builds).all()
    entries = [
        _entry_row(build_id, build, now, scores[build.release_id, build.archive_id])
        for build_id, build in zip(ids, builds, strict=True)
    ]
    connection.execute(ADD_ENTRIES, entries)


def _build_row(build: NewBuild, now: datetime, duration: float) -> dict[str, object]:
    return {
        "datecreated": now,
        "sourcepackagerelease_id": build.release_id,
        "distroarchseries_id": build.architecture_id,
        "archive_id": build.archive_id,
        "processor_id": build.processor_id,
        "pocket": build.pocket,
        "arch_indep": build.arch_indep,
        "buildstate": BuildState.NEEDSBUILD,
        "estimated_build_duration": duration,
    }


def _entry_row(build_id: int, build: NewBuild, now: datetime, points: int) -> dict[str, object]:
    return {
        "build_id": build_id,
        "created": now,
        "lastscore": points,
        "score_step": 0,
        "is_trusted": build.is_trusted,
        "processor_id": build.processor_id,
    }


def _durations(session: Session, builds: Sequence[NewBuild]) -> dict[Place, float]:
    releases = {build.release_id for build in builds}
    sizes = _sizes(session, releases)
    last = _last_successes(session, releases)
    return {
        build.place: estimated_duration(
            last.get((build.release_id, build.architecture_id)),
            sizes.get(build.release_id, 0),
        )
        for build in builds
    }


def _sizes(session: Session, release_ids: Collection[int]) -> dict[int, int]:
    sums = session.connection().execute(SIZES, {"ids": list(release_ids)})
    return {release: int(size) for release, size in sums}


def _last_successes(session: Session, release_ids: Collection[int]) -> dict[tuple[int, int], float]:
    """Return how long the newest success of the same source took, by release and architecture, whatever the archive."""
    rows = session.connection().execute(SUCCESSES, {"ids": list(release_ids)})
    return {(release, architecture): duration for release, architecture, duration in rows}
