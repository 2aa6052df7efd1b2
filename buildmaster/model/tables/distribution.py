"""Distributions, their series, the architectures of those, and the chroots that they are built in."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from buildmaster.farm.vocabulary.archives import Pocket, SeriesStatus
from buildmaster.farm.vocabulary.references import ArchitectureReference, SeriesReference, UnknownNameError, unknown
from buildmaster.model.tables.files import StoredFile
from buildmaster.model.tables.mapping import AUTOINCREMENT, Base, Id, Number


class Processor(Base):
    """A kind of CPU: where builders and architectures meet."""

    __tablename__ = "processor"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)


class Distribution(Base):
    """A distribution, such as ubuntu."""

    __tablename__ = "distribution"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]


class DistroSeries(Base):
    """One release line of a distribution, such as hoary."""

    __tablename__ = "distroseries"
    __table_args__ = (UniqueConstraint("distribution_id", "name"), AUTOINCREMENT)

    id: Mapped[Id]
    distribution_id: Mapped[int] = mapped_column(ForeignKey("distribution.id"))
    name: Mapped[str]
    title: Mapped[str]
    version: Mapped[str | None]
    status: Mapped[SeriesStatus] = mapped_column(Number(SeriesStatus), default=SeriesStatus.DEVELOPMENT)
    nominatedarchindep: Mapped[str | None]  # the tag of the architecture that builds "all"
    arch_specific: Mapped[str | None]  # the SHA-256 of the Packages-arch-specific that builds were last made by
    distribution: Mapped[Distribution] = relationship()
    architectures: Mapped[list["DistroArchSeries"]] = relationship(
        back_populates="series",
        order_by="DistroArchSeries.architecturetag",
    )


class DistroArchSeries(Base):
    """One architecture of a series."""

    __tablename__ = "distroarchseries"
    __table_args__ = (UniqueConstraint("series_id", "architecturetag"), AUTOINCREMENT)

    id: Mapped[Id]
    series_id: Mapped[int] = mapped_column(ForeignKey("distroseries.id"))
    processor_id: Mapped[int] = mapped_column(ForeignKey("processor.id"), index=True)
    architecturetag: Mapped[str]
    supports_untrusted: Mapped[bool] = mapped_column(default=True)
    series: Mapped[DistroSeries] = relationship(back_populates="architectures")
    processor: Mapped[Processor] = relationship()
    chroots: Mapped[list["PocketChroot"]] = relationship(back_populates="architecture")


class PocketChroot(Base):
    """The chroot tarball that builds of an architecture and pocket unpack; RELEASE's serves pockets without one."""

    __tablename__ = "pocketchroot"
    __table_args__ = (UniqueConstraint("distroarchseries_id", "pocket"), AUTOINCREMENT)

    id: Mapped[Id]
    distroarchseries_id: Mapped[int] = mapped_column(ForeignKey("distroarchseries.id"))
    pocket: Mapped[Pocket] = mapped_column(Number(Pocket))
    chroot_id: Mapped[int] = mapped_column(ForeignKey("storedfile.id"))
    date_created: Mapped[datetime]
    architecture: Mapped[DistroArchSeries] = relationship(back_populates="chroots")
    chroot: Mapped[StoredFile] = relationship()


def find_processor(session: Session, name: str) -> Processor:
    """Return the processor called ``name``; raise UnknownNameError if there is none."""
    found = session.scalar(select(Processor).where(Processor.name == name))
    if found is None:
        known = session.scalars(select(Processor.name)).all()
        raise unknown("processor", name, known, f"`buildmaster processor add {name}` adds it")
    return found


def find_distribution(session: Session, name: str) -> Distribution:
    """Return the distribution called ``name``; raise UnknownNameError if there is none."""
    found = session.scalar(select(Distribution).where(Distribution.name == name))
    if found is None:
        known = session.scalars(select(Distribution.name)).all()
        raise unknown("distribution", name, known, f"`buildmaster distribution add {name}` adds it")
    return found


def find_series(session: Session, reference: SeriesReference) -> DistroSeries:
    """Return the series that ``reference`` names; raise UnknownNameError if it, or its distribution, is not there."""
    distribution = find_distribution(session, reference.distribution)
    series = select(DistroSeries).where(DistroSeries.distribution_id == distribution.id)
    found = session.scalar(series.where(DistroSeries.name == reference.series))
    if found is None:
        known = [row.name for row in session.scalars(series)]
        cure = f"`buildmaster series add {reference}` adds it"
        raise unknown("series", reference.series, known, cure, distribution.name)
    return found


def find_architecture(session: Session, reference: ArchitectureReference) -> DistroArchSeries:
    """Return the architecture that ``reference`` names; raise UnknownNameError if it is not there."""
    series = find_series(session, reference.of_series)
    for architecture in series.architectures:
        if architecture.architecturetag == reference.tag:
            return architecture
    raise unknown_architecture(series, reference)


def unknown_architecture(series: DistroSeries, reference: ArchitectureReference) -> UnknownNameError:
    """Return the error for an architecture that ``series`` has not."""
    known = [architecture.architecturetag for architecture in series.architectures]
    cure = f"`buildmaster arch add {reference} --processor NAME` adds it"
    return unknown("architecture", reference.tag, known, cure, reference.of_series)


def architecture_name(architecture: DistroArchSeries) -> str:
    """Return the reference of an architecture."""
    series = architecture.series
    return f"{series.distribution.name}/{series.name}/{architecture.architecturetag}"
