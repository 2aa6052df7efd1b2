"""Archives, the source and binary releases in them, and where those are published."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from buildmaster.farm.vocabulary.archives import Pocket, Publishing, Purpose, Urgency
from buildmaster.farm.vocabulary.references import ArchiveReference, unknown
from buildmaster.model.tables.distribution import Distribution, DistroArchSeries, DistroSeries
from buildmaster.model.tables.files import StoredFile
from buildmaster.model.tables.mapping import AUTOINCREMENT, Base, Id, Number, partial_index

UNEXAMINED = text("NOT examined")  # in these words, or SQLite doesn't see that its index serves
PENDING = text(f"status = {Publishing.PENDING.value}")  # likewise


class Archive(Base):
    """A place that packages are published in.

    ``url``, ``components`` and ``key`` are of an apt mirror outside. ``score`` is added to each of its builds'.
    The limits are in seconds and win over the conf file's.
    """

    __tablename__ = "archive"
    __table_args__ = (
        CheckConstraint("NOT private OR buildd_secret IS NOT NULL", name="private_has_secret"),
        AUTOINCREMENT,
    )

    id: Mapped[Id]
    reference: Mapped[str] = mapped_column(unique=True)
    distribution_id: Mapped[int] = mapped_column(ForeignKey("distribution.id"))
    owner: Mapped[str | None]
    name: Mapped[str]
    purpose: Mapped[Purpose] = mapped_column(Number(Purpose))
    private: Mapped[bool] = mapped_column(default=False)
    buildd_secret: Mapped[str | None]
    trusted: Mapped[bool]
    enabled: Mapped[bool] = mapped_column(default=True)
    score: Mapped[int] = mapped_column(default=0)
    url: Mapped[str | None]
    components: Mapped[str | None]
    key: Mapped[str | None]
    build_limit: Mapped[float | None]
    silence_limit: Mapped[float | None]
    empty_log_limit: Mapped[float | None]
    date_created: Mapped[datetime]
    distribution: Mapped[Distribution] = relationship()


class ArchiveDependency(Base):
    """One archive whose packages another's builds may use."""

    __tablename__ = "archivedependency"
    __table_args__ = (
        UniqueConstraint("archive_id", "dependency_id"),
        CheckConstraint("archive_id <> dependency_id", name="not_itself"),
        AUTOINCREMENT,
    )

    id: Mapped[Id]
    archive_id: Mapped[int] = mapped_column(ForeignKey("archive.id"))
    dependency_id: Mapped[int] = mapped_column(ForeignKey("archive.id"))
    date_created: Mapped[datetime]


class Freeze(Base):
    """An order to dispatch nothing: of an archive, to a processor, or (both empty) at all."""

    __tablename__ = "freeze"

    id: Mapped[Id]
    archive_id: Mapped[int | None] = mapped_column(ForeignKey("archive.id"))
    processor_id: Mapped[int | None] = mapped_column(ForeignKey("processor.id"))
    reason: Mapped[str | None]
    date_created: Mapped[datetime]


class SourcePackageRelease(Base):
    """One version of one source package, with its files.

    ``dsc_url`` is set while an imported source's files are still to be fetched.
    """

    __tablename__ = "sourcepackagerelease"
    __table_args__ = (Index("ix_sourcepackagerelease_name_version", "name", "version"), AUTOINCREMENT)

    id: Mapped[Id]
    name: Mapped[str]
    version: Mapped[str]
    component: Mapped[str]
    section: Mapped[str]
    urgency: Mapped[Urgency] = mapped_column(Number(Urgency))
    architecturehintlist: Mapped[str]
    builddepends: Mapped[str] = mapped_column(default="")
    builddependsindep: Mapped[str] = mapped_column(default="")
    binaries: Mapped[str] = mapped_column(default="")  # names, separated by spaces
    maintainer: Mapped[str] = mapped_column(default="")
    changed_by: Mapped[str] = mapped_column(default="")
    creator_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    upload_archive_id: Mapped[int] = mapped_column(ForeignKey("archive.id"))
    upload_series_id: Mapped[int] = mapped_column(ForeignKey("distroseries.id"))
    imported: Mapped[bool] = mapped_column(default=False)
    dsc_url: Mapped[str | None]
    date_uploaded: Mapped[datetime]
    files: Mapped[list["SourcePackageReleaseFile"]] = relationship(order_by="SourcePackageReleaseFile.id")
    publications: Mapped[list["SourcePublication"]] = relationship(
        back_populates="release",
        order_by="SourcePublication.id.desc()",
    )


class SourcePackageReleaseFile(Base):
    """One file of a source release.

    ``file_id`` is empty while an imported file, known by ``filename``, ``sha256`` and ``size``, is not fetched yet.
    """

    __tablename__ = "sourcepackagereleasefile"
    __table_args__ = (
        UniqueConstraint("release_id", "filename"),
        Index("ix_sourcepackagereleasefile_filename", "filename"),
        AUTOINCREMENT,
    )

    id: Mapped[Id]
    release_id: Mapped[int] = mapped_column(ForeignKey("sourcepackagerelease.id"))
    filename: Mapped[str]
    sha256: Mapped[str]
    size: Mapped[int]
    file_id: Mapped[int | None] = mapped_column(ForeignKey("storedfile.id"))
    file: Mapped[StoredFile | None] = relationship()


class SourcePublication(Base):
    """A source release in an archive, series and pocket.

    ``examined`` says that the queue builder has looked at it as it now is: whoever changes ``status`` clears it.
    """

    __tablename__ = "sourcepublication"
    __table_args__ = (
        Index("ix_sourcepublication_place", "archive_id", "series_id", "status"),
        Index("ix_sourcepublication_release", "release_id", "archive_id", "series_id", "status"),
        partial_index(
            "ix_sourcepublication_unbuilt",
            "id",
            where=UNEXAMINED,
        ),
        partial_index("ix_sourcepublication_pending", "id", where=PENDING),
        AUTOINCREMENT,
    )

    id: Mapped[Id]
    release_id: Mapped[int] = mapped_column(ForeignKey("sourcepackagerelease.id"))
    archive_id: Mapped[int] = mapped_column(ForeignKey("archive.id"))
    series_id: Mapped[int] = mapped_column(ForeignKey("distroseries.id"))
    pocket: Mapped[Pocket] = mapped_column(Number(Pocket))
    component: Mapped[str]
    section: Mapped[str]
    status: Mapped[Publishing] = mapped_column(Number(Publishing))
    examined: Mapped[bool] = mapped_column(default=False)
    date_created: Mapped[datetime]
    date_published: Mapped[datetime | None]
    date_superseded: Mapped[datetime | None]
    date_removed: Mapped[datetime | None]
    release: Mapped[SourcePackageRelease] = relationship(back_populates="publications")
    archive: Mapped[Archive] = relationship()
    series: Mapped[DistroSeries] = relationship()


class BinaryPackageRelease(Base):
    """One binary package that a build made."""

    __tablename__ = "binarypackagerelease"
    __table_args__ = (
        UniqueConstraint("build_id", "name", "kind", "architecture"),
        Index("ix_binarypackagerelease_name", "name"),
        Index("ix_binarypackagerelease_file_id", "file_id"),
        AUTOINCREMENT,
    )

    id: Mapped[Id]
    build_id: Mapped[int] = mapped_column(ForeignKey("build.id"))
    name: Mapped[str]
    version: Mapped[str]
    kind: Mapped[str]  # deb, udeb or ddeb
    architecture: Mapped[str]  # of the package: a tag, or "all"
    component: Mapped[str]
    section: Mapped[str]
    priority: Mapped[str]
    provides: Mapped[str] = mapped_column(default="")
    control: Mapped[str]  # the control stanza as it is in the .deb
    file_id: Mapped[int] = mapped_column(ForeignKey("storedfile.id"))
    file: Mapped[StoredFile] = relationship()


class BinaryPublication(Base):
    """A binary release in an archive, architecture and pocket."""

    __tablename__ = "binarypublication"
    __table_args__ = (
        Index("ix_binarypublication_place", "archive_id", "distroarchseries_id", "status"),
        Index("ix_binarypublication_release_id", "release_id"),
        Index("ix_binarypublication_date_published", "date_published"),
        partial_index("ix_binarypublication_pending", "id", where=PENDING),
        AUTOINCREMENT,
    )

    id: Mapped[Id]
    release_id: Mapped[int] = mapped_column(ForeignKey("binarypackagerelease.id"))
    archive_id: Mapped[int] = mapped_column(ForeignKey("archive.id"))
    distroarchseries_id: Mapped[int] = mapped_column(ForeignKey("distroarchseries.id"))
    pocket: Mapped[Pocket] = mapped_column(Number(Pocket))
    component: Mapped[str]
    section: Mapped[str]
    priority: Mapped[str]
    status: Mapped[Publishing] = mapped_column(Number(Publishing))
    date_created: Mapped[datetime]
    date_published: Mapped[datetime | None]
    date_superseded: Mapped[datetime | None]
    date_removed: Mapped[datetime | None]
    release: Mapped[BinaryPackageRelease] = relationship()
    archive: Mapped[Archive] = relationship()
    architecture: Mapped[DistroArchSeries] = relationship()


def find_archive(session: Session, reference: ArchiveReference) -> Archive:
    """Return the archive that ``reference`` names; raise UnknownNameError if there is none."""
    found = session.scalar(select(Archive).where(Archive.reference == str(reference)))
    if found is None:
        known = session.scalars(select(Archive.reference)).all()
        raise unknown("archive", str(reference), known, f"`buildmaster archive add {reference}` adds it")
    return found
