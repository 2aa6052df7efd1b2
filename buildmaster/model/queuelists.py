"""List what waits in the queue."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from buildmaster.errors import BuildmasterError
from buildmaster.farm.titles import build_title
from buildmaster.model.archive import SourcePackageRelease
from buildmaster.model.builds import Build, BuildQueue
from buildmaster.model.distribution import Distribution, DistroArchSeries, DistroSeries, Processor

ENTRIES = (
    select(
        BuildQueue.build_id,
        BuildQueue.is_trusted,
        BuildQueue.lastscore,
        BuildQueue.reason,
        Build.pocket,
        Processor.name.label("processor"),
        SourcePackageRelease.name.label("source"),
        SourcePackageRelease.version,
        DistroArchSeries.architecturetag,
        DistroSeries.name.label("series"),
        Distribution.name.label("distribution"),
    )
    .join(Build, Build.id == BuildQueue.build_id)
    .join(Processor, Processor.id == BuildQueue.processor_id)
    .join(SourcePackageRelease, SourcePackageRelease.id == Build.sourcepackagerelease_id)
    .join(DistroArchSeries, DistroArchSeries.id == Build.distroarchseries_id)
    .join(DistroSeries, DistroSeries.id == DistroArchSeries.series_id)
    .join(Distribution, Distribution.id == DistroSeries.distribution_id)
    .where(BuildQueue.builder_id.is_(None))
    .order_by(BuildQueue.lastscore.desc(), BuildQueue.build_id)
)


@dataclass(frozen=True)
class EntryListing:
    """A build that waits, as scripts and people see it; ``build`` is its id."""

    build: int
    title: str
    is_trusted: bool
    processor: str
    score: int
    score_parts: dict[str, int]
    reason: str | None
    estimated_start: datetime | None


def waiting_entries(session: Session, limit: int | None) -> list[EntryListing]:
    """Return what waits, in the order of dispatch: the first ``limit``, or (None) all."""
    return [
        EntryListing(
            build=row.build_id,
            title=build_title(row.architecturetag, row.source, row.version, (row.distribution, row.series), row.pocket),
            is_trusted=row.is_trusted,
            processor=row.processor,
            score=row.lastscore,
            score_parts={},
            reason=row.reason,
            estimated_start=None,
        )
        for row in session.execute(ENTRIES.limit(limit))
    ]


def count_waiting(session: Session) -> int:
    """Return how many builds wait."""
    waiting = select(func.count()).select_from(BuildQueue).where(BuildQueue.builder_id.is_(None))
    return session.scalar(waiting) or 0


def waiting_reason(session: Session, build_id: int) -> str | None:
    """Return why a waiting build can be given to nobody now, or None."""
    entry = session.scalar(select(BuildQueue).where(BuildQueue.build_id == build_id))
    if entry is None or entry.builder_id is not None:
        raise BuildmasterError(f"build {build_id} does not wait: see `buildmaster build show {build_id}`")
    return entry.reason
