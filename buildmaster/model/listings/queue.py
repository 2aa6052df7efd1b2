"""List what waits in the queue."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from buildmaster.farm.queue.scoring import Scored, Weights, score
from buildmaster.farm.text.titles import build_title
from buildmaster.model.dispatch.starts import span_of, start_of, starts
from buildmaster.model.queue.places import with_place
from buildmaster.model.queue.rescoring import current_component
from buildmaster.model.tables.archive import Archive, SourcePackageRelease
from buildmaster.model.tables.builds import Build, BuildQueue
from buildmaster.model.tables.distribution import Distribution, DistroArchSeries, DistroSeries, Processor
from buildmaster.model.tables.mapping import AnyRow

ENTRIES = with_place(
    select(
        BuildQueue.build_id,
        BuildQueue.is_trusted,
        BuildQueue.lastscore,
        BuildQueue.manual,
        BuildQueue.created,
        BuildQueue.reason,
        Build.pocket,
        Processor.name.label("processor"),
        SourcePackageRelease.name.label("source"),
        SourcePackageRelease.version,
        DistroArchSeries.architecturetag,
        DistroSeries.name.label("series"),
        Distribution.name.label("distribution"),
        SourcePackageRelease.section,
        SourcePackageRelease.urgency,
        current_component(),
        Archive.reference,
        Archive.purpose,
        Archive.private,
        Archive.score,
    )
    .join(Build, Build.id == BuildQueue.build_id)
    .join(Processor, Processor.id == BuildQueue.processor_id)
    .where(BuildQueue.builder_id.is_(None))
    .order_by(BuildQueue.lastscore.desc(), BuildQueue.build_id)
)


@dataclass(frozen=True)
class EntryListing:
    """A build that waits, as scripts and people see it; ``build`` is its id."""

    build: int
    title: str
    archive: str
    source: str
    version: str
    suite: str
    architecture: str
    is_trusted: bool
    processor: str
    score: int
    score_parts: dict[str, int]
    reason: str | None
    estimated_start: datetime | None
    estimated_span: tuple[datetime, datetime] | None


def waiting_entries(session: Session, limit: int | None, now: datetime, weights: Weights) -> list[EntryListing]:
    """Return what waits, in the order of dispatch: the first ``limit``, or (None) all."""
    rows = session.execute(ENTRIES.limit(limit)).all()
    when = starts(session, now, None if limit is None else [row.build_id for row in rows])
    return [
        EntryListing(
            build=row.build_id,
            title=build_title(row.architecturetag, row.source, row.version, (row.distribution, row.series), row.pocket),
            archive=row.reference,
            source=row.source,
            version=row.version,
            suite=row.series + row.pocket.suffix,
            architecture=row.architecturetag,
            is_trusted=row.is_trusted,
            processor=row.processor,
            score=row.lastscore,
            score_parts=_parts(row, now, weights),
            reason=row.reason,
            estimated_start=start_of(when, row.build_id),
            estimated_span=span_of(when, row.build_id),
        )
        for row in rows
    ]


def count_waiting(session: Session) -> int:
    """Return how many builds wait."""
    waiting = select(func.count()).select_from(BuildQueue).where(BuildQueue.builder_id.is_(None))
    return session.scalar(waiting) or 0


def _parts(row: AnyRow, now: datetime, weights: Weights) -> dict[str, int]:
    """Return what the score is made of at this moment; one that somebody gave has one part."""
    if row.manual:
        return {"manual": row.lastscore}
    entry = Scored(row.section, row.urgency, row.pocket, row.component, row.purpose, row.private, row.score)
    return dict(score(entry, row.created, now, weights).parts)
