"""Builds, the attempts at them, and the queue of those that wait or run."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, desc, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from buildmaster.errors import BuildmasterError
from buildmaster.farm.queue.dispatching import UNFETCHED
from buildmaster.farm.vocabulary.archives import Pocket
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.tables.archive import Archive, SourcePackageRelease
from buildmaster.model.tables.builders import Builder
from buildmaster.model.tables.distribution import DistroArchSeries, Processor
from buildmaster.model.tables.files import StoredFile
from buildmaster.model.tables.mapping import AUTOINCREMENT, Base, Id, Number, partial_index

LIVE = text("finished IS NULL")
TAKEN = text("builder_id IS NOT NULL")  # partial, so that no query for waiting entries takes this index
BLOCKED = text("builder_id IS NULL AND reason IS NOT NULL")
WAITING = text("builder_id IS NULL AND reason IS NULL")
AGEING = text("NOT manual")  # in these words, or SQLite doesn't see that its index serves
SOURCELESS = text(f"builder_id IS NULL AND substr(reason, 1, {len(UNFETCHED)}) = '{UNFETCHED}'")  # likewise


def no_build(build_id: int) -> BuildmasterError:
    """Return the error for an id that no build has."""
    return BuildmasterError(f"there is no build {build_id}: see `buildmaster build list`")


class Build(Base):
    """A source on an architecture, for an archive: the lasting record, never removed.

    ``buildduration`` and ``estimated_build_duration`` are in seconds. ``failure`` says why it failed, in words.
    ``builder_id``, ``datebuilt``, ``buildlog_id`` and ``upload_log_id`` are of the latest attempt that ended.
    """

    __tablename__ = "build"
    __table_args__ = (
        UniqueConstraint("sourcepackagerelease_id", "distroarchseries_id", "archive_id"),
        Index("ix_build_buildstate", "buildstate", "id"),
        Index("ix_build_archive_id", "archive_id", "buildstate"),
        partial_index("ix_build_builder_id", "builder_id", where=TAKEN),
        AUTOINCREMENT,
    )

    id: Mapped[Id]
    datecreated: Mapped[datetime]
    sourcepackagerelease_id: Mapped[int] = mapped_column(ForeignKey("sourcepackagerelease.id"))
    distroarchseries_id: Mapped[int] = mapped_column(ForeignKey("distroarchseries.id"))
    archive_id: Mapped[int] = mapped_column(ForeignKey("archive.id"))
    processor_id: Mapped[int] = mapped_column(ForeignKey("processor.id"))
    pocket: Mapped[Pocket] = mapped_column(Number(Pocket))
    arch_indep: Mapped[bool]  # builds the "all" packages too
    buildstate: Mapped[BuildState] = mapped_column(Number(BuildState), default=BuildState.NEEDSBUILD)
    datebuilt: Mapped[datetime | None]
    buildduration: Mapped[float | None]
    builder_id: Mapped[int | None] = mapped_column(ForeignKey("builder.id"))
    buildlog_id: Mapped[int | None] = mapped_column(ForeignKey("storedfile.id"))
    upload_log_id: Mapped[int | None] = mapped_column(ForeignKey("storedfile.id"))
    dependencies: Mapped[str | None]
    estimated_build_duration: Mapped[float | None]
    failure_count: Mapped[int] = mapped_column(default=0)
    dependency_retries: Mapped[int] = mapped_column(default=0)
    failure: Mapped[str | None]
    unmet: Mapped[str | None]  # the build-dependencies that a solver found to be not installable
    release: Mapped[SourcePackageRelease] = relationship()
    architecture: Mapped[DistroArchSeries] = relationship()
    archive: Mapped[Archive] = relationship()
    processor: Mapped[Processor] = relationship()
    builder: Mapped[Builder | None] = relationship()
    buildlog: Mapped[StoredFile | None] = relationship(foreign_keys=[buildlog_id])
    upload_log: Mapped[StoredFile | None] = relationship(foreign_keys=[upload_log_id])
    entry: Mapped["BuildQueue | None"] = relationship(back_populates="build", uselist=False)
    attempts: Mapped[list["Attempt"]] = relationship(back_populates="build", order_by="Attempt.number")


class Attempt(Base):
    """One try at a build: a row that stays.

    It is live, and its builder holds its cookie, until ``finished``. ``state`` is the build's during the attempt, and
    then what the attempt came to. ``blamed`` is true where its end was not the package's fault and counts against
    builder and build. ``leaf`` names the folder of its results.
    """

    __tablename__ = "attempt"
    __table_args__ = (
        UniqueConstraint("build_id", "number"),
        partial_index("uq_attempt_live_builder", "builder_id", unique=True, where=LIVE),
        partial_index("uq_attempt_live_build", "build_id", unique=True, where=LIVE),
        AUTOINCREMENT,
    )

    id: Mapped[Id]
    build_id: Mapped[int] = mapped_column(ForeignKey("build.id"))
    number: Mapped[int]
    builder_id: Mapped[int] = mapped_column(ForeignKey("builder.id"))
    cookie: Mapped[str] = mapped_column(unique=True)
    state: Mapped[BuildState] = mapped_column(Number(BuildState))
    started: Mapped[datetime]
    accepted: Mapped[datetime | None]  # when the slave took it
    finished: Mapped[datetime | None]
    buildlog_id: Mapped[int | None] = mapped_column(ForeignKey("storedfile.id"))
    upload_log_id: Mapped[int | None] = mapped_column(ForeignKey("storedfile.id"))
    leaf: Mapped[str | None]
    failure: Mapped[str | None]
    blamed: Mapped[bool] = mapped_column(default=False)
    build: Mapped[Build] = relationship(back_populates="attempts")
    builder: Mapped[Builder] = relationship()
    buildlog: Mapped[StoredFile | None] = relationship(foreign_keys=[buildlog_id])
    upload_log: Mapped[StoredFile | None] = relationship(foreign_keys=[upload_log_id])


class BuildQueue(Base):
    """The place of a build in the queue, while it waits or a builder holds it.

    ``reason`` says in words why a waiting entry can be given to nobody now, and keeps it out of the way of others.
    ``shunned_id`` is the builder that failed it last. ``held_for`` is why an entry that is held goes no further.
    """

    __tablename__ = "buildqueue"
    __table_args__ = (
        UniqueConstraint("build_id"),
        partial_index("uq_buildqueue_builder_id", "builder_id", unique=True, where=TAKEN),
        CheckConstraint("(builder_id IS NULL) = (buildstart IS NULL)", name="held_since"),
        partial_index(
            "ix_buildqueue_waiting",
            "is_trusted",
            "processor_id",
            desc("lastscore"),
            "build_id",
            where=WAITING,
        ),
        partial_index("ix_buildqueue_blocked", "id", where=BLOCKED),
        partial_index(
            "ix_buildqueue_sourceless",
            desc("lastscore"),
            "build_id",
            where=SOURCELESS,
        ),
        partial_index("ix_buildqueue_ageing", "score_step", "created", where=AGEING),
        AUTOINCREMENT,
    )

    id: Mapped[Id]
    build_id: Mapped[int] = mapped_column(ForeignKey("build.id"))
    builder_id: Mapped[int | None] = mapped_column(ForeignKey("builder.id"))
    created: Mapped[datetime]
    buildstart: Mapped[datetime | None]
    lastscore: Mapped[int] = mapped_column(default=0)
    score_step: Mapped[int | None]  # the age step that it was scored at; empty: to be scored
    manual: Mapped[bool] = mapped_column(default=False)
    is_trusted: Mapped[bool]
    processor_id: Mapped[int] = mapped_column(ForeignKey("processor.id"))
    logtail: Mapped[str | None]
    tail_changed: Mapped[datetime | None]
    cancel_since: Mapped[datetime | None]
    reason: Mapped[str | None]
    held_for: Mapped[str | None]
    shunned_id: Mapped[int | None] = mapped_column(ForeignKey("builder.id"))
    build: Mapped[Build] = relationship(back_populates="entry")
    builder: Mapped[Builder | None] = relationship(foreign_keys=[builder_id])
    processor: Mapped[Processor] = relationship()
