"""The farm at one moment, as the scanner sees it: one set of queries, whatever the number of builders."""

from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from buildmaster.farm.facts import BuilderFacts, JobFacts
from buildmaster.farm.titles import build_title
from buildmaster.model.archive import Archive, SourcePackageRelease
from buildmaster.model.builders import Builder, BuilderProcessor
from buildmaster.model.builds import Attempt, Build, BuildQueue
from buildmaster.model.distribution import Distribution, DistroArchSeries, DistroSeries, Processor
from buildmaster.model.mapping import AnyRow, AnySelect

BUILDER = Builder.__table__.c
COLUMNS = (
    BUILDER.id,
    BUILDER.name,
    BUILDER.url,
    BUILDER.trusted,
    BUILDER.vm_host,
    BUILDER.builderok,
    BUILDER.failed_by,
    BUILDER.failnotes,
    BUILDER.date_failed,
    BUILDER.manual,
    BUILDER.clean_status,
    BUILDER.clean_since,
    BUILDER.failure_count,
    BUILDER.silent_scans,
    BUILDER.silent_since,
    BUILDER.probe_delay,
    BUILDER.next_probe,
    BUILDER.version,
    BUILDER.kinds,
)


def snapshot(session: Session) -> tuple[BuilderFacts, ...]:
    """Return what is believed about every builder, and about the job that it holds."""
    jobs = {row.builder_id: _job(row) for row in session.execute(_jobs())}
    processors = _processors(session)
    tags = _tags(session)
    rows = session.execute(select(*COLUMNS).where(BUILDER.date_removed.is_(None)).order_by(BUILDER.id))
    return tuple(_builder(row, processors[row.id], tags, jobs.get(row.id)) for row in rows)


def _builder(
    row: AnyRow,
    processors: tuple[str, ...],
    tags: Mapping[str, frozenset[str]],
    job: JobFacts | None,
) -> BuilderFacts:
    known = dict(row._mapping) | {"kinds": tuple(row.kinds.split())}  # noqa: SLF001 (SQLAlchemy's documented name)
    mine = frozenset[str]().union(*(tags[processor] for processor in processors))
    return BuilderFacts(**known, processors=processors, tags=mine, job=job)


def _processors(session: Session) -> Mapping[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = defaultdict(tuple)
    query = select(BuilderProcessor.builder_id, Processor.name).join(Processor).order_by(Processor.name)
    for builder_id, name in session.execute(query):
        found[builder_id] += (name,)
    return found


def _tags(session: Session) -> Mapping[str, frozenset[str]]:
    """Return the tags of the architectures of each processor."""
    found: dict[str, frozenset[str]] = defaultdict(frozenset)
    query = select(Processor.name, DistroArchSeries.architecturetag).join(DistroArchSeries).distinct()
    for processor, tag in session.execute(query):
        found[processor] |= {tag}
    return found


def _jobs() -> AnySelect:
    return (
        select(
            Attempt.builder_id,
            Attempt.build_id,
            BuildQueue.id.label("entry_id"),
            Attempt.id.label("attempt_id"),
            Attempt.number,
            Attempt.cookie,
            Attempt.accepted,
            Attempt.leaf,
            Build.buildstate,
            Attempt.started,
            Build.pocket,
            Build.estimated_build_duration,
            BuildQueue.logtail,
            BuildQueue.tail_changed,
            BuildQueue.cancel_since,
            BuildQueue.held_for,
            Archive.id.label("archive_id"),
            Archive.purpose,
            Archive.private,
            Archive.build_limit,
            Archive.silence_limit,
            Archive.empty_log_limit,
            Distribution.name.label("distribution"),
            DistroSeries.name.label("series"),
            DistroSeries.status,
            DistroArchSeries.architecturetag,
            SourcePackageRelease.name.label("source"),
            SourcePackageRelease.version,
        )
        .select_from(Attempt)
        .join(Build, Build.id == Attempt.build_id)
        .join(BuildQueue, BuildQueue.build_id == Build.id)
        .join(Archive, Archive.id == Build.archive_id)
        .join(DistroArchSeries, DistroArchSeries.id == Build.distroarchseries_id)
        .join(DistroSeries, DistroSeries.id == DistroArchSeries.series_id)
        .join(Distribution, Distribution.id == DistroSeries.distribution_id)
        .join(SourcePackageRelease, SourcePackageRelease.id == Build.sourcepackagerelease_id)
        .where(Attempt.finished.is_(None))
    )


def _job(row: AnyRow) -> JobFacts:
    return JobFacts(
        build_id=row.build_id,
        entry_id=row.entry_id,
        attempt_id=row.attempt_id,
        attempt=row.number,
        cookie=row.cookie,
        state=row.buildstate,
        started=row.started,
        title=build_title(row.architecturetag, row.source, row.version, (row.distribution, row.series), row.pocket),
        label=f"{row.distribution}-{row.series}-{row.architecturetag}.{row.source}_{row.version}",
        logtail=row.logtail,
        tail_changed=row.tail_changed,
        cancel_since=row.cancel_since,
        pocket=row.pocket,
        archive_id=row.archive_id,
        series_status=row.status,
        purpose=row.purpose,
        private=row.private,
        estimate=row.estimated_build_duration,
        build_limit=row.build_limit,
        silence_limit=row.silence_limit,
        empty_log_limit=row.empty_log_limit,
        held_for=row.held_for,
        accepted=row.accepted is not None,
    )
