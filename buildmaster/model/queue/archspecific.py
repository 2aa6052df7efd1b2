"""Follow the Packages-arch-specific files of series: which they last were, and what they are about."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from buildmaster.farm.vocabulary.archives import ACTIVE
from buildmaster.model.queue.missingbuilds import examine_again
from buildmaster.model.tables.archive import SourcePackageRelease, SourcePublication
from buildmaster.model.tables.distribution import Distribution, DistroSeries


def series_with_files(session: Session) -> dict[int, tuple[str, str, str | None]]:
    """Return of each series, by id: its distribution, its name, and the SHA-256 of the file last followed."""
    rows = session.execute(
        select(DistroSeries.id, Distribution.name, DistroSeries.name, DistroSeries.arch_specific).join(
            Distribution,
            Distribution.id == DistroSeries.distribution_id,
        ),
    )
    return {id_: (distribution, name, digest) for id_, distribution, name, digest in rows}


def follow_file(session: Session, digests: Mapping[int, str | None]) -> None:
    """Remember the files, by the series' ids, that builds are made by from now on; look at their sources again."""
    for series_id, digest in digests.items():
        session.execute(update(DistroSeries).where(DistroSeries.id == series_id).values(arch_specific=digest))
        examine_again(session, series_id)


@dataclass(frozen=True)
class SeriesOfSource:
    """A series, and the binary packages that a source makes there (none: it isn't published there)."""

    distribution: str
    name: str
    tags: tuple[str, ...]
    nominated: str | None
    binaries: frozenset[str]


def series_of_source(session: Session, source: str) -> list[SeriesOfSource]:
    """Return all series, as a source sees them."""
    query = select(DistroSeries).join(Distribution).order_by(Distribution.name, DistroSeries.name)
    return [
        SeriesOfSource(
            series.distribution.name,
            series.name,
            tuple(architecture.architecturetag for architecture in series.architectures),
            series.nominatedarchindep,
            _binaries(session, series.id, source),
        )
        for series in session.scalars(query)
    ]


def _binaries(session: Session, series_id: int, source: str) -> frozenset[str]:
    newest = (
        select(SourcePackageRelease.binaries)
        .join(SourcePublication, SourcePublication.release_id == SourcePackageRelease.id)
        .where(
            SourcePackageRelease.name == source,
            SourcePublication.series_id == series_id,
            SourcePublication.status.in_(ACTIVE),
        )
        .order_by(SourcePublication.id.desc())
        .limit(1)
    )
    return frozenset((session.scalar(newest) or "").split())
