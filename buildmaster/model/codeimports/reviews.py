"""What people decide about code imports: add one, review it, ask for a run."""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from buildmaster.farm.codeimports.jobs import By, ImportPolicy, ImportRefusedError, NewImport, check_review, first_due
from buildmaster.farm.codeimports.states import ImportEvent, ImportJobState, ReviewStatus
from buildmaster.farm.text.redacting import without_credentials
from buildmaster.model.codeimports.jobs import add_job, change_review, held_import, import_facts
from buildmaster.model.notices.codeimports import tell_of_import
from buildmaster.model.tables.imports import CodeImport, CodeImportJob, CodeImportResult, note_event

PENDING = CodeImportJob.state == ImportJobState.PENDING


def add_import(session: Session, new: NewImport, by: By, policy: ImportPolicy) -> None:
    """Add a code import that is still to be reviewed; raise ImportRefusedError when it is there already."""
    _refuse_double(session, new)
    row = CodeImport(**asdict(new), registrant=by.who or "", date_created=by.date)
    session.add(row)
    session.flush()
    values = {"url": without_credentials(new.url), "review_status": ReviewStatus.NEW.name}
    note_event(session, ImportEvent.CREATE, by.date, code_import_id=row.id, person=by.who, details=values)
    tell_of_import(session, import_facts(row), by, policy)


def _refuse_double(session: Session, new: NewImport) -> None:
    if session.scalar(select(CodeImport.id).where(CodeImport.name == new.name)) is not None:
        raise ImportRefusedError(f"there is a code import {new.name} already")
    same = select(CodeImport.name).where(CodeImport.url == new.url, CodeImport.module == new.module)
    there = session.scalar(same)
    if there is not None:
        raise ImportRefusedError(f"the code import {there} reads that already")


def import_named(session: Session, name: str) -> CodeImport:
    """Return the import of that name, held until the transaction ends; raise ImportRefusedError when there is none."""
    found = session.scalar(select(CodeImport.id).where(CodeImport.name == name))
    if found is None:
        raise ImportRefusedError(f"there is no code import {name}")
    return held_import(session, found)


def review(session: Session, name: str, new: ReviewStatus, by: By, policy: ImportPolicy) -> None:
    """Review an import. An approved one gets a job, and a clean slate; any other loses the job that waits.

    A job that runs goes on; raises ImportRefusedError when the review changes nothing.
    """
    code_import = import_named(session, name)
    check_review(code_import.review_status, new)
    change_review(session, code_import, new, by, policy)
    if new is ReviewStatus.REVIEWED:
        code_import.consecutive_failures = 0
        _give_job(session, code_import, policy, by.date)
    else:
        session.execute(delete(CodeImportJob).where(CodeImportJob.code_import_id == code_import.id, PENDING))


def _give_job(session: Session, code_import: CodeImport, policy: ImportPolicy, now: datetime) -> None:
    """Give an import its job, unless one still runs from before."""
    own = CodeImportJob.code_import_id == code_import.id
    if session.scalar(select(CodeImportJob.id).where(own)) is None:
        newest = select(func.max(CodeImportResult.date_job_started))
        last_start = session.scalar(newest.where(CodeImportResult.code_import_id == code_import.id))
        add_job(session, code_import, first_due(import_facts(code_import), policy, last_start, now), now)


def request(session: Session, name: str, by: By) -> None:
    """Make an import's job due now, ahead of those that nobody asked for; a job that is overdue keeps its date."""
    code_import = import_named(session, name)
    job = session.scalar(select(CodeImportJob).where(CodeImportJob.code_import_id == code_import.id).with_for_update())
    if job is None:
        raise ImportRefusedError(f"{name} has no job: its review status is {code_import.review_status.name}")
    if job.requesting_user is not None:
        raise ImportRefusedError(f"the job of {name} was already requested by {job.requesting_user}")
    _make_due(session, job, by)
    details = {"job": job.id}
    note_event(session, ImportEvent.REQUEST, by.date, code_import_id=code_import.id, person=by.who, details=details)


def _make_due(session: Session, job: CodeImportJob, by: By) -> None:
    waits = update(CodeImportJob).where(CodeImportJob.id == job.id, PENDING)
    made = session.scalar(
        waits.values(requesting_user=by.who, date_due=min(job.date_due, by.date)).returning(CodeImportJob.id),
    )
    if made is None:
        raise ImportRefusedError("the job runs already")
