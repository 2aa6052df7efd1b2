"""End the waiting builds of sources that are published no more."""

from collections.abc import Collection

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from buildmaster.farm.queue.missingbuilds import gone
from buildmaster.farm.vocabulary.archives import Publishing
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.tables.archive import SourcePublication
from buildmaster.model.tables.builds import Build, BuildQueue
from buildmaster.model.tables.distribution import DistroArchSeries


def supersede_gone(session: Session, release_id: int, series_id: int, archive_id: int) -> int:
    """End the waiting builds of a source in a series and archive, if it is gone from there; return how many."""
    if not is_gone(session, release_id, series_id, archive_id):
        return 0
    ids = session.scalars(
        select(Build.id)
        .join(DistroArchSeries, DistroArchSeries.id == Build.distroarchseries_id)
        .where(
            Build.sourcepackagerelease_id == release_id,
            Build.archive_id == archive_id,
            DistroArchSeries.series_id == series_id,
        ),
    )
    return supersede(session, ids.all())


def is_gone(session: Session, release_id: int, series_id: int, archive_id: int) -> bool:
    """Tell whether the builds of a source in a series and archive are wanted no more, by where it is published."""
    everywhere = session.execute(
        select(SourcePublication.series_id, SourcePublication.archive_id, SourcePublication.status)
        .where(SourcePublication.release_id == release_id)
        .order_by(SourcePublication.id.desc()),
    ).all()
    here: list[Publishing] = [row.status for row in everywhere if (row[0], row[1]) == (series_id, archive_id)]
    return gone(here, everywhere[0].status if everywhere else None)


def supersede(session: Session, build_ids: Collection[int]) -> int:
    """End those of the builds that wait, as builds for superseded sources; return how many did."""
    waiting = select(Build.id).where(Build.id.in_(build_ids), Build.buildstate == BuildState.NEEDSBUILD)
    ids = session.scalars(waiting).all()
    session.execute(delete(BuildQueue).where(BuildQueue.build_id.in_(ids)))
    session.execute(update(Build).where(Build.id.in_(ids)).values(buildstate=BuildState.SUPERSEDED))
    return len(ids)
