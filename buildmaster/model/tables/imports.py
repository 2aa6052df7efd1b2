"""Code imports, their jobs, the machines that run them, and what came of it."""

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from buildmaster.farm.codeimports.states import (
    ImportEvent,
    ImportJobState,
    ImportResult,
    MachineState,
    RcsType,
    ReviewStatus,
)
from buildmaster.model.tables.files import StoredFile
from buildmaster.model.tables.mapping import AUTOINCREMENT, Base, Id, Number


class CodeImport(Base):
    """A repository elsewhere that is imported into git, again and again.

    ``url`` is the repository's, or the root of a CVS repository, whose ``module`` it then needs.
    ``update_interval`` is in seconds; empty means the conf file's for its kind.
    """

    __tablename__ = "codeimport"
    __table_args__ = (
        UniqueConstraint("url", "module"),
        CheckConstraint("(rcs_type = 1) = (module <> '')", name="module_is_for_cvs"),
        AUTOINCREMENT,
    )

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    rcs_type: Mapped[RcsType] = mapped_column(Number(RcsType))
    url: Mapped[str]
    module: Mapped[str] = mapped_column(default="")
    review_status: Mapped[ReviewStatus] = mapped_column(Number(ReviewStatus), default=ReviewStatus.NEW)
    update_interval: Mapped[float | None]
    consecutive_failures: Mapped[int] = mapped_column(default=0)
    registrant: Mapped[str]
    date_created: Mapped[datetime]
    date_last_successful: Mapped[datetime | None]
    job: Mapped["CodeImportJob | None"] = relationship(back_populates="code_import", uselist=False)


class CodeImportMachine(Base):
    """A machine that runs code imports."""

    __tablename__ = "codeimportmachine"

    id: Mapped[Id]
    hostname: Mapped[str] = mapped_column(unique=True)
    state: Mapped[MachineState] = mapped_column(Number(MachineState), default=MachineState.OFFLINE)
    heartbeat: Mapped[datetime | None]
    date_created: Mapped[datetime]


class CodeImportJob(Base):
    """The next run of a code import, waiting or running."""

    __tablename__ = "codeimportjob"
    __table_args__ = (
        CheckConstraint(
            "(state = 10 AND machine_id IS NULL AND heartbeat IS NULL AND date_started IS NULL AND logtail IS NULL)"
            " OR (state = 30 AND machine_id IS NOT NULL AND heartbeat IS NOT NULL AND date_started IS NOT NULL"
            " AND logtail IS NOT NULL)",
            name="fields_of_its_state",
        ),
        Index("ix_codeimportjob_due", "state", "date_due"),
        AUTOINCREMENT,
    )

    id: Mapped[Id]
    code_import_id: Mapped[int] = mapped_column(ForeignKey("codeimport.id"), unique=True)
    machine_id: Mapped[int | None] = mapped_column(ForeignKey("codeimportmachine.id"), index=True)
    state: Mapped[ImportJobState] = mapped_column(Number(ImportJobState), default=ImportJobState.PENDING)
    date_due: Mapped[datetime]
    requesting_user: Mapped[str | None]
    heartbeat: Mapped[datetime | None]
    logtail: Mapped[str | None]
    date_started: Mapped[datetime | None]
    date_created: Mapped[datetime]
    code_import: Mapped[CodeImport] = relationship(back_populates="job")
    machine: Mapped[CodeImportMachine | None] = relationship()


class CodeImportResult(Base):
    """What one run of a code import came to. ``job_id`` is the id that its job had."""

    __tablename__ = "codeimportresult"
    __table_args__ = (Index("ix_codeimportresult_code_import_id", "code_import_id", "id"), AUTOINCREMENT)

    id: Mapped[Id]
    code_import_id: Mapped[int] = mapped_column(ForeignKey("codeimport.id"))
    job_id: Mapped[int]
    machine_id: Mapped[int] = mapped_column(ForeignKey("codeimportmachine.id"))
    requesting_user: Mapped[str | None]
    status: Mapped[ImportResult] = mapped_column(Number(ImportResult))
    log_excerpt: Mapped[str | None]
    log_file_id: Mapped[int | None] = mapped_column(ForeignKey("storedfile.id"))
    date_job_started: Mapped[datetime]
    date_created: Mapped[datetime]
    machine: Mapped[CodeImportMachine] = relationship()
    log_file: Mapped[StoredFile | None] = relationship()


class CodeImportEvent(Base):
    """Something that happened to a code import or to a machine. ``details`` is JSON: old and new values."""

    __tablename__ = "codeimportevent"

    id: Mapped[Id]
    event_type: Mapped[ImportEvent] = mapped_column(Number(ImportEvent))
    code_import_id: Mapped[int | None] = mapped_column(ForeignKey("codeimport.id"), index=True)
    machine_id: Mapped[int | None] = mapped_column(ForeignKey("codeimportmachine.id"))
    person: Mapped[str | None]
    details: Mapped[str] = mapped_column(default="{}")
    date_created: Mapped[datetime]


def note_event(
    session: Session,
    event_type: ImportEvent,
    now: datetime,
    *,
    code_import_id: int | None = None,
    machine_id: int | None = None,
    person: str | None = None,
    details: Mapping[str, object] | None = None,
) -> None:
    """Add an event to the history of an import, a machine or both; ``details`` must be what JSON can hold."""
    session.add(
        CodeImportEvent(
            event_type=event_type,
            code_import_id=code_import_id,
            machine_id=machine_id,
            person=person,
            details=json.dumps(details or {}),
            date_created=now,
        ),
    )
