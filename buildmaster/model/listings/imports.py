"""What people and scripts are shown of code imports, their results and the machines that run them."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from buildmaster.farm.codeimports.states import ReviewStatus
from buildmaster.farm.text.redacting import without_credentials
from buildmaster.model.tables.files import file_path
from buildmaster.model.tables.imports import (
    CodeImport,
    CodeImportEvent,
    CodeImportJob,
    CodeImportMachine,
    CodeImportResult,
)

Row = dict[str, Any]  # Any: what JSON can hold, and times


def list_imports(session: Session, status: ReviewStatus | None = None) -> list[Row]:
    """Return all imports, or those of one review status, by name."""
    question = select(CodeImport).options(joinedload(CodeImport.job).joinedload(CodeImportJob.machine))
    if status is not None:
        question = question.where(CodeImport.review_status == status)
    return [import_row(row) for row in session.scalars(question.order_by(CodeImport.name))]


def show_import(session: Session, name: str) -> Row | None:
    """Return one import, with the events of its life, newest first."""
    row = session.scalar(select(CodeImport).where(CodeImport.name == name))
    return None if row is None else {**import_row(row), **_more(row), "events": _events(session, row.id)}


def import_row(row: CodeImport) -> Row:
    """Return what a listing shows of an import."""
    return {
        "name": row.name,
        "rcs_type": row.rcs_type.name,
        "url": without_credentials(f"{row.url} {row.module}".strip()),
        "review_status": row.review_status.name,
        "job": None if row.job is None else job_row(row.job),
        "date_last_successful": row.date_last_successful,
        "consecutive_failures": row.consecutive_failures,
    }


def _more(row: CodeImport) -> Row:
    return {"update_interval": row.update_interval, "registrant": row.registrant, "date_created": row.date_created}


def job_row(job: CodeImportJob) -> Row:
    """Return what is shown of an import's job."""
    return {
        "id": job.id,
        "state": job.state.name,
        "date_due": job.date_due,
        "machine": None if job.machine is None else job.machine.hostname,
        "heartbeat": job.heartbeat,
        "requested_by": job.requesting_user,
        "date_started": job.date_started,
        "logtail": job.logtail,
    }


def _events(session: Session, import_id: int) -> list[Row]:
    question = select(CodeImportEvent).where(CodeImportEvent.code_import_id == import_id)
    return [
        {"event": row.event_type.name, "date": row.date_created, "person": row.person, **json.loads(row.details)}
        for row in session.scalars(question.order_by(CodeImportEvent.id.desc()))
    ]


def list_results(session: Session, name: str, public_url: str) -> list[Row] | None:
    """Return the results of an import, newest first; None when there is no such import."""
    found = session.scalar(select(CodeImport.id).where(CodeImport.name == name))
    if found is None:
        return None
    question = select(CodeImportResult).where(CodeImportResult.code_import_id == found)
    loaded = question.options(joinedload(CodeImportResult.machine), joinedload(CodeImportResult.log_file))
    return [result_row(row, public_url) for row in session.scalars(loaded.order_by(CodeImportResult.id.desc()))]


def result_row(row: CodeImportResult, public_url: str) -> Row:
    """Return what is shown of a result; the log is read at its ``log_url``."""
    return {
        "job": row.job_id,
        "status": row.status.name,
        "machine": row.machine.hostname,
        "requested_by": row.requesting_user,
        "started": row.date_job_started,
        "finished": row.date_created,
        "duration": duration(row.date_job_started, row.date_created),
        "log_excerpt": row.log_excerpt,
        "log_url": None if row.log_file is None else public_url + file_path(row.log_file.id, row.log_file.filename),
    }


def duration(started: datetime, finished: datetime) -> float:
    """Return the seconds between two times."""
    return (finished - started).total_seconds()


def list_machines(session: Session) -> list[Row]:
    """Return all machines, by name."""
    jobs = select(CodeImportJob.machine_id, func.count().label("running")).group_by(CodeImportJob.machine_id).subquery()
    question = select(CodeImportMachine, jobs.c.running).outerjoin(jobs, jobs.c.machine_id == CodeImportMachine.id)
    return [
        {"hostname": row.hostname, "state": row.state.name, "heartbeat": row.heartbeat, "running": running or 0}
        for row, running in session.execute(question.order_by(CodeImportMachine.hostname))
    ]
