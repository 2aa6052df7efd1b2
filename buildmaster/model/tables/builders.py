"""The build machines, as the master believes them to be."""

from datetime import datetime

from sqlalchemy import ForeignKey, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from buildmaster.farm.builders.states import CleanStatus, FailedBy
from buildmaster.farm.vocabulary.references import unknown
from buildmaster.model.tables.distribution import Processor
from buildmaster.model.tables.mapping import AUTOINCREMENT, Base, Id, Number, Word, partial_index

THERE = text("date_removed IS NULL")


class Builder(Base):
    """A registered build machine. One that is removed keeps its row, for the history of its builds.

    ``silent_scans`` counts scans in a row without an answer, ``failure_count`` failures that were not a package's.
    ``probe_delay`` is the seconds to the next probe of one that a probe failed. ``clean_since`` is when its
    ``clean_status`` last changed. ``last_seen`` is when it answered, to the minute.
    """

    __tablename__ = "builder"
    __table_args__ = (
        partial_index("uq_builder_name", "name", unique=True, where=THERE),
        partial_index("uq_builder_url", "url", unique=True, where=THERE),
        AUTOINCREMENT,
    )

    id: Mapped[Id]
    name: Mapped[str]
    title: Mapped[str]
    url: Mapped[str]
    trusted: Mapped[bool]
    vm_host: Mapped[str | None]
    builderok: Mapped[bool] = mapped_column(default=True)
    failed_by: Mapped[FailedBy | None] = mapped_column(Word(FailedBy))
    failnotes: Mapped[str | None]
    date_failed: Mapped[datetime | None]
    manual: Mapped[bool] = mapped_column(default=False)
    clean_status: Mapped[CleanStatus] = mapped_column(Number(CleanStatus), default=CleanStatus.DIRTY)
    clean_since: Mapped[datetime | None]
    failure_count: Mapped[int] = mapped_column(default=0)
    silent_scans: Mapped[int] = mapped_column(default=0)
    silent_since: Mapped[datetime | None]
    silence: Mapped[str | None]  # why it did not answer, in words
    probe_delay: Mapped[float] = mapped_column(default=0.0)
    next_probe: Mapped[datetime | None]
    version: Mapped[str | None]
    kinds: Mapped[str] = mapped_column(default="")  # what it can build, in the protocol's words, separated by spaces
    last_seen: Mapped[datetime | None]
    date_created: Mapped[datetime]
    date_removed: Mapped[datetime | None]
    processors: Mapped[list[Processor]] = relationship(secondary="builderprocessor", order_by=Processor.name)


class BuilderProcessor(Base):
    """One kind of CPU that a builder builds for."""

    __tablename__ = "builderprocessor"
    __table_args__ = ()

    builder_id: Mapped[int] = mapped_column(ForeignKey("builder.id"), primary_key=True)
    processor_id: Mapped[int] = mapped_column(ForeignKey("processor.id"), primary_key=True)


def find_builder(session: Session, name: str) -> Builder:
    """Return the builder called ``name``; raise UnknownNameError if there is none (any more)."""
    found = session.scalar(select(Builder).where(Builder.name == name, Builder.date_removed.is_(None)))
    if found is None:
        known = session.scalars(select(Builder.name).where(Builder.date_removed.is_(None))).all()
        raise unknown("builder", name, known, f"`buildmaster builder add {name} URL --processor NAME` adds it")
    return found
