"""List processors, distributions, series and architectures."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from buildmaster.model.tables.builders import Builder, BuilderProcessor
from buildmaster.model.tables.distribution import (
    Distribution,
    DistroArchSeries,
    DistroSeries,
    PocketChroot,
    Processor,
    architecture_name,
)


@dataclass(frozen=True)
class ProcessorListing:
    """A processor, and how much of the farm is of it."""

    name: str
    builders: int
    architectures: int


@dataclass(frozen=True)
class DistributionListing:
    """A distribution, and its series."""

    name: str
    title: str
    series: tuple[str, ...]


@dataclass(frozen=True)
class SeriesListing:
    """A series, as its reference and its settings."""

    name: str
    title: str
    version: str | None
    status: str
    nominated_arch_indep: str | None
    architectures: tuple[str, ...]


@dataclass(frozen=True)
class ArchitectureListing:
    """An architecture, as its reference; ``chroots`` are the pockets that it has a chroot for."""

    name: str
    processor: str
    supports_untrusted: bool
    nominated: bool
    chroots: tuple[str, ...]


def processors(session: Session) -> list[ProcessorListing]:
    """Return all processors, by name."""
    builders = dict(
        session.execute(
            select(BuilderProcessor.processor_id, func.count())
            .join(Builder, Builder.id == BuilderProcessor.builder_id)
            .where(Builder.date_removed.is_(None))
            .group_by(BuilderProcessor.processor_id),
        ).all(),
    )
    architectures = dict(
        session.execute(
            select(DistroArchSeries.processor_id, func.count()).group_by(DistroArchSeries.processor_id),
        ).all(),
    )
    return [
        ProcessorListing(row.name, builders.get(row.id, 0), architectures.get(row.id, 0))
        for row in session.scalars(select(Processor).order_by(Processor.name))
    ]


def distributions(session: Session) -> list[DistributionListing]:
    """Return all distributions, by name."""
    series: dict[int, list[str]] = {}
    for row in session.scalars(select(DistroSeries).order_by(DistroSeries.id)):
        series.setdefault(row.distribution_id, []).append(row.name)
    return [
        DistributionListing(row.name, row.title, tuple(series.get(row.id, ())))
        for row in session.scalars(select(Distribution).order_by(Distribution.name))
    ]


def all_series(session: Session) -> list[SeriesListing]:
    """Return all series, by distribution, in the order that they were added in."""
    rows = select(DistroSeries).options(
        joinedload(DistroSeries.distribution),
        selectinload(DistroSeries.architectures),
    )
    return [_series(row) for row in session.scalars(rows.order_by(DistroSeries.distribution_id, DistroSeries.id))]


def architectures(session: Session) -> list[ArchitectureListing]:
    """Return all architectures, by series and tag."""
    chroots = selectinload(DistroArchSeries.chroots).load_only(PocketChroot.pocket)
    rows = select(DistroArchSeries).options(
        joinedload(DistroArchSeries.series).joinedload(DistroSeries.distribution),
        joinedload(DistroArchSeries.processor),
        chroots,
    )
    ordered = rows.order_by(DistroArchSeries.series_id, DistroArchSeries.architecturetag)
    return [_architecture(row) for row in session.scalars(ordered)]


def _series(row: DistroSeries) -> SeriesListing:
    return SeriesListing(
        name=f"{row.distribution.name}/{row.name}",
        title=row.title,
        version=row.version,
        status=row.status.name,
        nominated_arch_indep=row.nominatedarchindep,
        architectures=tuple(architecture.architecturetag for architecture in row.architectures),
    )


def _architecture(row: DistroArchSeries) -> ArchitectureListing:
    return ArchitectureListing(
        name=architecture_name(row),
        processor=row.processor.name,
        supports_untrusted=row.supports_untrusted,
        nominated=row.series.nominatedarchindep == row.architecturetag,
        chroots=tuple(sorted(chroot.pocket.name for chroot in row.chroots)),
    )
