"""The farm at one moment, as the scanner sees it: one set of queries, whatever the number of builders.

A farm is looked at often, and may be large. So the queries are prepared once, the columns stand in the order of the
facts' fields, and what many builders have in common is made once.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from buildmaster.farm.builders.facts import BuilderFacts, JobFacts
from buildmaster.farm.text.titles import build_title
from buildmaster.model.queue.places import with_place
from buildmaster.model.tables.archive import Archive, SourcePackageRelease
from buildmaster.model.tables.builders import Builder, BuilderProcessor
from buildmaster.model.tables.builds import Attempt, Build, BuildQueue
from buildmaster.model.tables.distribution import Distribution, DistroArchSeries, DistroSeries, Processor
from buildmaster.model.tables.mapping import IDS, AnyRow, AnySelect, table_of

BUILDER, BELONGS, PROCESSOR = table_of(Builder).c, table_of(BuilderProcessor).c, table_of(Processor).c
ATTEMPT, BUILD, ENTRY = table_of(Attempt).c, table_of(Build).c, table_of(BuildQueue).c
ARCHIVE, SOURCE = table_of(Archive).c, table_of(SourcePackageRelease).c
ARCHITECTURE, SERIES, DISTRIBUTION = table_of(DistroArchSeries).c, table_of(DistroSeries).c, table_of(Distribution).c

Kinds = tuple[str, ...]  # the names of a builder's processors
Belongings = Mapping[int, tuple[Kinds, frozenset[str]]]  # by builder: those, and the tags of their architectures
MOST = 500  # builders that can be asked for by their ids

BUILDERS: AnySelect = (
    select(BUILDER.id, BUILDER.name, BUILDER.url)
    .add_columns(BUILDER.trusted, BUILDER.vm_host, BUILDER.builderok, BUILDER.failed_by, BUILDER.failnotes)
    .add_columns(BUILDER.date_failed, BUILDER.manual, BUILDER.clean_status, BUILDER.clean_since)
    .add_columns(BUILDER.failure_count, BUILDER.silent_scans, BUILDER.silent_since)
    .add_columns(BUILDER.probe_delay, BUILDER.next_probe, BUILDER.last_seen, BUILDER.version, BUILDER.kinds)
    .where(BUILDER.date_removed.is_(None))
    .order_by(BUILDER.id)
)
PROCESSORS: AnySelect = (
    select(BELONGS.builder_id, PROCESSOR.name)
    .join_from(table_of(BuilderProcessor), table_of(Processor))
    .order_by(PROCESSOR.name)
)
TAGS: AnySelect = (
    select(PROCESSOR.name, ARCHITECTURE.architecturetag)
    .join_from(table_of(Processor), table_of(DistroArchSeries))
    .distinct()
)
JOBS: AnySelect = with_place(
    select(ATTEMPT.builder_id)
    .add_columns(ATTEMPT.build_id, ENTRY.id, ATTEMPT.id, ATTEMPT.number, ATTEMPT.cookie)
    .add_columns(BUILD.buildstate, ATTEMPT.started)
    .add_columns(ENTRY.logtail, ENTRY.tail_changed, ENTRY.cancel_since, BUILD.pocket)
    .add_columns(ARCHIVE.id, SERIES.status, ARCHIVE.purpose, ARCHIVE.private, BUILD.estimated_build_duration)
    .add_columns(ARCHIVE.build_limit, ARCHIVE.silence_limit, ARCHIVE.empty_log_limit)
    .add_columns(ENTRY.held_for, ATTEMPT.accepted.is_not(None))
    .add_columns(ARCHITECTURE.architecturetag, SOURCE.name, SOURCE.version, DISTRIBUTION.name, SERIES.name)
    .join_from(table_of(Attempt), table_of(Build), BUILD.id == ATTEMPT.build_id)
    .join(table_of(BuildQueue), ENTRY.build_id == BUILD.id)
    .where(ATTEMPT.finished.is_(None))
)
SOME_JOBS, SOME_BUILDERS = JOBS.where(ATTEMPT.builder_id.in_(IDS)), BUILDERS.where(BUILDER.id.in_(IDS))


def snapshot(session: Session) -> tuple[BuilderFacts, ...]:
    """Return what is believed about every builder, and about the job that it holds."""
    connection = session.connection()
    jobs, processors, builders = (connection.execute(query).all() for query in (JOBS, PROCESSORS, BUILDERS))
    kinds = _grouped(processors)
    tags = _tags(set(kinds.values()), _grouped(connection.execute(TAGS).all()))
    return _facts(builders, jobs, {row[0]: (kinds[row[0]], tags[kinds[row[0]]]) for row in builders})


def glimpse(session: Session, builder_ids: Collection[int], belongings: Belongings) -> tuple[BuilderFacts, ...]:
    """Return what is believed about these builders, at most ``MOST``, and about the jobs that they hold.

    What they belong to is from the last snapshot, since that changes seldom; who was not there is left out.
    """
    connection, given = session.connection(), {"ids": list(builder_ids)}
    jobs, builders = (connection.execute(query, given).all() for query in (SOME_JOBS, SOME_BUILDERS))
    return _facts(builders, jobs, belongings)


def belongings_of(builders: Iterable[BuilderFacts]) -> Belongings:
    """Return what the builders belong to."""
    return {builder.id: (builder.processors, builder.tags) for builder in builders}


def _facts(builders: Sequence[AnyRow], jobs: Iterable[AnyRow], belongings: Belongings) -> tuple[BuilderFacts, ...]:
    held = {row[0]: _job(row) for row in jobs}
    known = [row for row in builders if row[0] in belongings]
    return tuple(_builder(row, *belongings[row[0]], held.get(row[0])) for row in known)


def _grouped(rows: Iterable[AnyRow]) -> dict[Any, tuple[str, ...]]:
    found: dict[Any, tuple[str, ...]] = defaultdict(tuple)  # Any: the first column
    for key, name in rows:
        found[key] += (name,)
    return found


def _tags(kinds: Iterable[Kinds], found: Mapping[str, Kinds]) -> dict[Kinds, frozenset[str]]:
    """Return the tags of the architectures that a builder of these processors may be."""
    return {names: frozenset(tag for name in names for tag in found[name]) for names in {(), *kinds}}


def _builder(row: AnyRow, kinds: Kinds, tags: frozenset[str], job: JobFacts | None) -> BuilderFacts:
    fields = (*row[:3], kinds, tags, *row[3:19], tuple(row[19].split()), job)
    return BuilderFacts(*fields)


def _job(row: AnyRow) -> JobFacts:
    tag, source, version, distribution, series = row[22:]
    title = build_title(tag, source, version, (distribution, series), row[11])
    label = f"{distribution}-{series}-{tag}.{source}_{version}"
    fields = (*row[1:8], title, *row[8:12], label, *row[12:22])
    return JobFacts(*fields)
