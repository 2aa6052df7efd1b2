"""Distributions, their series, the architectures of those, and the chroots that they are built in."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from buildmaster.farm.states import Pocket, SeriesStatus
from buildmaster.model.files import StoredFile
from buildmaster.model.mapping import AUTOINCREMENT, Base, Id, Number


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
