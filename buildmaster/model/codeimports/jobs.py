"""The jobs of code imports: given to machines, kept alive, finished, and taken from machines that fell silent.

Each deed is conditional on what it was decided on, in the statement that does it: however many machines ask at the
same instant, a job has one machine, and one of "finished" and "reclaimed" happens to it. Whoever ends a job or reviews
an import holds the import's row first.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.orm import Session

from buildmaster.farm.codeimports.jobs import (
    By,
    Ended,
    ImportFacts,
    ImportPolicy,
    RunningJob,
    aftermath,
    log_excerpt,
    silent_since,
)
from buildmaster.farm.codeimports.states import ImportEvent, ImportJobState, ImportResult, ReviewStatus
from buildmaster.model.notices.codeimports import tell_of_import
from buildmaster.model.tables.imports import CodeImport, CodeImportJob, CodeImportMachine, CodeImportResult, note_event

JOB = CodeImportJob


def import_facts(row: CodeImport) -> ImportFacts:
    """Return what is known of a code import."""
    return ImportFacts(
        row.id,
        row.name,
        row.rcs_type,
        row.url,
        row.module,
        row.review_status,
        row.update_interval,
        row.consecutive_failures,
    )


def running_jobs(session: Session, machine_id: int) -> int:
    """Return how many jobs a machine runs."""
    count = session.scalar(select(func.count()).select_from(JOB).where(JOB.machine_id == machine_id))
    return count or 0


def claim_job(session: Session, machine: CodeImportMachine, now: datetime) -> int:
    """Give the most urgent due job to ``machine``; return its id, or 0 when nothing is due."""
    while (job_id := session.scalar(most_urgent(now))) is not None:
        if _begin(session, job_id, machine.id, now):
            return job_id
    return 0


def most_urgent(now: datetime) -> Select[int]:
    """Select the due job that comes first by ``importing.urgency``, passing over those that are just being claimed."""
    return (
        select(JOB.id)
        .where(JOB.state == ImportJobState.PENDING, JOB.date_due <= now)
        .order_by(JOB.requesting_user.is_(None), JOB.date_due, JOB.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


def _begin(session: Session, job_id: int, machine_id: int, now: datetime) -> bool:
    """Mark a job as run by the machine, if it still waits."""
    begun = session.scalar(
        update(JOB)
        .where(JOB.id == job_id, JOB.state == ImportJobState.PENDING)
        .values(state=ImportJobState.RUNNING, machine_id=machine_id, heartbeat=now, date_started=now, logtail="")
        .returning(JOB.code_import_id),
    )
    if begun is not None:
        note_event(
            session, ImportEvent.START, now, code_import_id=begun, machine_id=machine_id, details={"job": job_id}
        )
    return begun is not None


def _is(run: RunningJob) -> list[ColumnElement[bool]]:
    """Return what makes a row the job that is spoken of."""
    conditions = [JOB.id == run.id, JOB.state == ImportJobState.RUNNING]
    if run.hostname is not None:
        machine = select(CodeImportMachine.id).where(CodeImportMachine.hostname == run.hostname).scalar_subquery()
        conditions.append(JOB.machine_id == machine)
    return conditions


def import_of_job(session: Session, run: RunningJob) -> ImportFacts | None:
    """Return the import that a running job is to do, or None when there is no such job."""
    row = session.scalar(select(CodeImport).join(JOB).where(*_is(run)))
    return None if row is None else import_facts(row)


def keep_alive(session: Session, run: RunningJob, tail: str, now: datetime) -> bool:
    """Note that a job's machine lives, and the tail of its log; return False when there is no such job."""
    beaten = session.scalar(
        update(JOB).where(*_is(run)).values(heartbeat=now, logtail=log_excerpt(tail)).returning(JOB.id),
    )
    return beaten is not None


def finish_job(session: Session, run: RunningJob, ended: Ended, policy: ImportPolicy) -> bool:
    """Take in the result of a running job; return False, and note the late result, when there is no such job."""
    import_id = session.scalar(select(JOB.code_import_id).where(JOB.id == run.id))
    if import_id is not None and _end_job(session, import_id, _is(run), ended, policy):
        return True
    _note_late(session, run, ended)
    return False


def _note_late(session: Session, run: RunningJob, late: Ended) -> None:
    """Record that a result of a job came which was ended before; a job that never was leaves nothing."""
    before = session.scalar(select(CodeImportResult).where(CodeImportResult.job_id == run.id))
    if before is not None:
        note_event(
            session,
            ImportEvent.FINISH,
            late.date,
            code_import_id=before.code_import_id,
            machine_id=before.machine_id,
            details={"job": run.id, "refused": late.result.name, "ended_as": before.status.name},
        )


def reclaim_silent(session: Session, policy: ImportPolicy, now: datetime) -> list[int]:
    """Take the jobs of silent machines from them; return the ids of those jobs."""
    reclaimed = Ended(ImportResult.RECLAIMED, now)
    silent = [JOB.state == ImportJobState.RUNNING, JOB.heartbeat < silent_since(policy, now)]
    found = session.execute(select(JOB.id, JOB.code_import_id).where(*silent).order_by(JOB.id)).all()
    return [
        job_id
        for job_id, import_id in found
        if _end_job(session, import_id, [JOB.id == job_id, *silent], reclaimed, policy)
    ]


def _end_job(
    session: Session,
    import_id: int,
    conditions: list[ColumnElement[bool]],
    ended: Ended,
    policy: ImportPolicy,
) -> bool:
    """Turn the job, if it still is what ``conditions`` say, into a result, and give its import what follows."""
    code_import = held_import(session, import_id)
    job = session.scalar(select(JOB).where(*conditions).with_for_update())
    if job is None or job.date_started is None:
        return False
    session.add(_result_of(job, ended))
    _note_end(session, job, ended)
    session.delete(job)
    session.flush()
    _settle(session, code_import, job.date_started, ended, policy)
    return True


def held_import(session: Session, import_id: int) -> CodeImport:
    """Return an import's row as it is now; nobody else changes it before this transaction ends."""
    question = select(CodeImport).where(CodeImport.id == import_id).with_for_update(key_share=True)
    return session.scalars(question.execution_options(populate_existing=True)).one()


def _result_of(job: CodeImportJob, ended: Ended) -> CodeImportResult:
    return CodeImportResult(
        code_import_id=job.code_import_id,
        job_id=job.id,
        machine_id=job.machine_id,
        requesting_user=job.requesting_user,
        status=ended.result,
        log_excerpt=job.logtail or None,
        log_file_id=ended.log_file_id,
        date_job_started=job.date_started,
        date_created=ended.date,
    )


def _note_end(session: Session, job: CodeImportJob, ended: Ended) -> None:
    note_event(
        session,
        ImportEvent.RECLAIM if ended.result is ImportResult.RECLAIMED else ImportEvent.FINISH,
        ended.date,
        code_import_id=job.code_import_id,
        machine_id=job.machine_id,
        details={"job": job.id, "result": ended.result.name},
    )


def _settle(session: Session, code_import: CodeImport, started: datetime, ended: Ended, policy: ImportPolicy) -> None:
    """Carry out what ``importing.aftermath`` decides about an import whose job has just ended."""
    decided = aftermath(import_facts(code_import), ended.result, started, policy, ended.date)
    if decided.succeeded:
        _note_success(session, code_import, ended.date)
    code_import.consecutive_failures = decided.consecutive_failures
    change_review(session, code_import, decided.review_status, By(None, ended.date), policy)
    if decided.date_due is not None:
        add_job(session, code_import, decided.date_due, ended.date)


def _note_success(session: Session, code_import: CodeImport, now: datetime) -> None:
    if code_import.date_last_successful is None:
        note_event(session, ImportEvent.PUBLISH, now, code_import_id=code_import.id)
    code_import.date_last_successful = now


def change_review(
    session: Session,
    code_import: CodeImport,
    new: ReviewStatus,
    by: By,
    policy: ImportPolicy,
) -> None:
    """Give an import another review status, note the old one, and tell of it; do nothing when it is the same."""
    old = code_import.review_status
    if new is old:
        return
    code_import.review_status = new
    note_event(
        session,
        ImportEvent.MODIFY,
        by.date,
        code_import_id=code_import.id,
        person=by.who,
        details={"review_status": new.name, "old_review_status": old.name},
    )
    tell_of_import(session, import_facts(code_import), by, policy)


def add_job(session: Session, code_import: CodeImport, date_due: datetime, now: datetime) -> None:
    """Add the job of an import that has none."""
    session.add(CodeImportJob(code_import_id=code_import.id, date_due=date_due, date_created=now))
