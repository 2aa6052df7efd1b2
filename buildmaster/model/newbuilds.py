"""Add builds, with their estimates and their places in the queue."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from buildmaster.farm.estimates import estimated_duration
from buildmaster.farm.queueing import NewBuild, Place
from buildmaster.farm.states import BuildState
from buildmaster.model.archive import SourcePackageRelease, SourcePackageReleaseFile
from buildmaster.model.builds import Build, BuildQueue

BUILD: Any = Build.__table__  # Any: the declarative base types it as a FromClause, which insert() refuses
ENTRY: Any = BuildQueue.__table__


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
    returning = insert(BUILD).returning(BUILD.c.id, sort_by_parameter_order=True)
    ids = session.scalars(returning, rows_of_builds).all()
    entries = [
        _entry_row(build_id, build, now, scores[build.release_id, build.archive_id])
        for build_id, build in zip(ids, builds, strict=True)
    ]
    session.execute(insert(ENTRY), entries)


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
    file = SourcePackageReleaseFile
    sums = (
        select(file.release_id, func.sum(file.size)).where(file.release_id.in_(release_ids)).group_by(file.release_id)
    )
    return {release: int(size) for release, size in session.execute(sums)}


def _last_successes(session: Session, release_ids: Collection[int]) -> dict[tuple[int, int], float]:
    """Return how long the newest success of the same source took, by release and architecture, whatever the archive."""
    new, old = SourcePackageRelease.__table__.alias("new"), SourcePackageRelease.__table__.alias("old")
    rows = session.execute(
        select(new.c.id, Build.distroarchseries_id, Build.buildduration)
        .join_from(new, old, new.c.name == old.c.name)
        .join(Build, Build.sourcepackagerelease_id == old.c.id)
        .where(new.c.id.in_(release_ids), Build.buildstate == BuildState.FULLYBUILT, Build.buildduration.is_not(None))
        .order_by(Build.datebuilt, Build.id),
    )
    return {(release, architecture): duration for release, architecture, duration in rows if duration is not None}
