"""Find sources that are published and lack a build they want: the queue builder ought to have made it.

What it has yet to look at counts for nothing here: publications that changed, and series whose Packages-arch-specific
file did.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from buildmaster.farm.findings import Finding
from buildmaster.farm.queue.architectures import ArchitectureTable
from buildmaster.farm.queue.archspecific import ArchSpecific
from buildmaster.farm.queue.missingbuilds import NewBuild, missing_builds
from buildmaster.farm.vocabulary.archives import ACTIVE
from buildmaster.model.queue.missingbuilds import built_places, copied_places, series_facts, source_facts
from buildmaster.model.tables.archive import Archive, SourcePackageRelease, SourcePublication
from buildmaster.model.tables.distribution import DistroArchSeries
from buildmaster.model.tables.mapping import AnySelect


@dataclass(frozen=True)
class Looked:
    """The builds that a piece of the publications lacks, and the id to go on after; None at the end."""

    missing: tuple[NewBuild, ...]
    last: int | None


def look_for_unbuilt(
    session: Session,
    table: ArchitectureTable,
    arch_specific: Mapping[int, ArchSpecific],
    after: int,
    limit: int,
) -> Looked:
    """Look at ``limit`` publications beyond the id ``after``, of the series that ``arch_specific`` has.

    What decides is read before the publications, and these before the builds: a change that comes between makes no
    build seem to be missing.
    """
    series = series_facts(session, arch_specific.keys(), arch_specific)
    rows = session.execute(_examined().where(SourcePublication.id > after).limit(limit)).all()
    sources = [source_facts(row) for row in rows if row.series_id in series]
    releases = {source.release_id for source in sources}
    existing = built_places(session, releases)
    suspected = {build.release_id for build in missing_builds(sources, series, existing, table)}
    if suspected:
        existing |= copied_places(session, suspected)
    missing = missing_builds([it for it in sources if it.release_id in suspected], series, existing, table)
    return Looked(missing, rows[-1].id if len(rows) == limit else None)


def _examined() -> AnySelect:
    publication, release = SourcePublication, SourcePackageRelease
    return (
        select(
            *(publication.id, publication.release_id, publication.archive_id, publication.series_id),
            *(publication.pocket, release.name, release.architecturehintlist, release.binaries),
            *(Archive.purpose, Archive.trusted),
        )
        .join(release, release.id == publication.release_id)
        .join(Archive, Archive.id == publication.archive_id)
        .where(publication.examined, publication.status.in_(ACTIVE))
        .order_by(publication.id)
    )


def tell_unbuilt(session: Session, missing: Iterable[NewBuild]) -> tuple[Finding, ...]:
    """Return a finding for each architecture and archive, with one of the sources that lack a build there."""
    found = list(missing)
    counts = Counter((build.architecture_id, build.archive_id) for build in found)
    first = {(build.architecture_id, build.archive_id): build.release_id for build in reversed(found)}
    return tuple(_finding(session, *place, count, first[place]) for place, count in counts.items())


def _finding(session: Session, architecture_id: int, archive_id: int, count: int, release_id: int) -> Finding:
    architecture, archive = session.get_one(DistroArchSeries, architecture_id), session.get_one(Archive, archive_id)
    release = session.get_one(SourcePackageRelease, release_id)
    series = f"{architecture.series.distribution.name}/{architecture.series.name}"
    return Finding(
        f"{count} source(s) published in {archive.reference} have no build for {series}/{architecture.architecturetag}:"
        f" {release.name} {release.version} is one",
        f"`buildmaster series set {series}` has the queue builder look at all again; this is a fault: report it",
    )
