"""The machines that run code imports: brought online, sent offline, and asking for work."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from buildmaster.farm.codeimports.jobs import (
    Answer,
    By,
    ImportPolicy,
    ImportRefusedError,
    NoSuchMachineError,
    answer,
    check_machine,
)
from buildmaster.farm.codeimports.states import ImportEvent, MachineState
from buildmaster.model.codeimports.jobs import claim_job, running_jobs
from buildmaster.model.tables.imports import CodeImportMachine, note_event

EVENTS = {
    MachineState.ONLINE: ImportEvent.ONLINE,
    MachineState.OFFLINE: ImportEvent.OFFLINE,
    MachineState.QUIESCING: ImportEvent.QUIESCE,
}


def add_machine(session: Session, hostname: str, state: MachineState, by: By) -> None:
    """Register a machine; raise ImportRefusedError when it is there already."""
    if _held_machine(session, hostname) is not None:
        raise ImportRefusedError(f"there is a machine {hostname} already")
    machine = CodeImportMachine(hostname=hostname, state=state, date_created=by.date)
    session.add(machine)
    session.flush()
    if state is MachineState.ONLINE:
        note_event(session, ImportEvent.ONLINE, by.date, machine_id=machine.id, person=by.who)


def set_machine(session: Session, hostname: str, state: MachineState, by: By) -> None:
    """Bring a machine online, send it offline, or let it finish what it runs first."""
    machine = _held_machine(session, hostname)
    if machine is None:
        raise NoSuchMachineError(hostname)
    _become(session, machine, state, by, "STOPPED")


def job_for_machine(session: Session, hostname: str, policy: ImportPolicy, now: datetime) -> int:
    """Give the machine that asks its next job; return the job's id, or 0; raise NoSuchMachineError for a stranger."""
    machine = _asking_machine(session, hostname, policy, now)
    if machine.state is MachineState.OFFLINE:
        return 0
    machine.heartbeat = now
    told = answer(machine.state, running_jobs(session, machine.id), policy)
    if told is Answer.QUIESCED:
        _become(session, machine, MachineState.OFFLINE, By(None, now), "QUIESCED")
    return claim_job(session, machine, now) if told is Answer.LOOK else 0


def _asking_machine(session: Session, hostname: str, policy: ImportPolicy, now: datetime) -> CodeImportMachine:
    machine = _held_machine(session, hostname)
    if machine is None and policy.auto_create_machines:
        _take_in(session, hostname, now)
        machine = _held_machine(session, hostname)
    if machine is None:
        raise NoSuchMachineError(hostname)
    return machine


def _take_in(session: Session, hostname: str, now: datetime) -> None:
    """Register a machine that asks for the first time, unless another of its questions just did."""
    try:
        with session.begin_nested():
            add_machine(session, hostname, MachineState.ONLINE, By(None, now))
    except (IntegrityError, ImportRefusedError):
        return


def _held_machine(session: Session, hostname: str) -> CodeImportMachine | None:
    """Return a machine's row as it is now: what one machine asks at the same instant is answered in turn."""
    question = select(CodeImportMachine).where(CodeImportMachine.hostname == hostname).with_for_update(key_share=True)
    return session.scalar(question.execution_options(populate_existing=True))


def _become(session: Session, machine: CodeImportMachine, state: MachineState, by: By, reason: str) -> None:
    """Change a machine's state; the reason is noted of one that goes offline."""
    check_machine(machine.hostname, machine.state, state)
    details = {"state": state.name, "old_state": machine.state.name}
    if state is MachineState.OFFLINE:
        details["reason"] = reason
    machine.state = state
    note_event(session, EVENTS[state], by.date, machine_id=machine.id, person=by.who, details=details)
