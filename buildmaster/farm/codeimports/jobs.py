"""The life of a code import: its reviews, its jobs, the machines that run them, and what comes of a run.

A reviewed import has one job. The job waits until it is due, a machine that is online asks and takes it, tells that it
lives, and hands in a result; then the import's next job is due one interval after this one's start. An import that
fails is tried ever less often, and set aside after a few failures in a row. A job whose machine fell silent is taken
away from it and due at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

from buildmaster.errors import BuildmasterError
from buildmaster.farm.codeimports.states import ImportResult, MachineState, RcsType, ReviewStatus
from buildmaster.farm.text.redacting import without_credentials

HOUR = 3600.0
DEFAULT_INTERVALS = {
    RcsType.CVS: 12 * HOUR,
    RcsType.SVN: 6 * HOUR,
    RcsType.GIT: 6 * HOUR,
    RcsType.HG: 6 * HOUR,
    RcsType.BZR: 6 * HOUR,
}
TAIL = 2048  # bytes of a log that are kept as its tail
BLAMELESS = frozenset({ImportResult.RECLAIMED, ImportResult.KILLED})  # not the import's own fault


@dataclass(frozen=True)
class ImportPolicy:
    """What an operator decides about code imports; limits and intervals are in seconds.

    ``failure_limit`` failures in a row make an import FAILING. ``silence_limit`` is how long a machine may say nothing
    about a job that it runs. ``auto_create_machines`` takes in machines that nobody registered. ``administrators`` are
    addresses that are told of imports, as import operators are.
    """

    intervals: Mapping[RcsType, float]
    failure_limit: int = 5
    jobs_per_machine: int = 10
    silence_limit: float = 300.0
    auto_create_machines: bool = False
    administrators: tuple[str, ...] = ()


DEFAULT_POLICY = ImportPolicy(DEFAULT_INTERVALS)


@dataclass(frozen=True, match_args=False)  # settings are read, so frozen ones will do
class ImportSettings(Protocol):
    """The part of the conf file that is about the scheduler of code imports."""

    @property
    def auto_create_machines(self) -> bool:
        """Whether an unknown machine that asks for work is registered."""

    @property
    def default_interval(self) -> float:
        """Seconds from one import to the next."""

    @property
    def default_interval_cvs(self) -> float:
        """The same from CVS."""

    @property
    def default_interval_subversion(self) -> float:
        """The same from Subversion."""

    @property
    def consecutive_failure_limit(self) -> int:
        """How many failures in a row end an import."""

    @property
    def max_jobs_per_machine(self) -> int:
        """How many jobs a machine may have at once."""

    @property
    def maximum_heartbeat_interval(self) -> float:
        """Seconds of silence after which a machine loses its jobs."""


def configured_policy(settings: ImportSettings, administrators: tuple[str, ...]) -> ImportPolicy:
    """Return the policy that the settings make."""
    special = {
        RcsType.CVS: settings.default_interval_cvs,
        RcsType.SVN: settings.default_interval_subversion,
    }
    return ImportPolicy(
        dict.fromkeys(RcsType, settings.default_interval) | special,
        settings.consecutive_failure_limit,
        settings.max_jobs_per_machine,
        settings.maximum_heartbeat_interval,
        settings.auto_create_machines,
        administrators,
    )


@dataclass(frozen=True)
class ImportFacts:
    """What is known of a code import; ``update_interval`` is in seconds, None for its kind's usual one."""

    id: int
    name: str
    rcs_type: RcsType
    url: str
    module: str
    review_status: ReviewStatus
    update_interval: float | None = None
    consecutive_failures: int = 0


@dataclass(frozen=True)
class NewImport:
    """What is to be imported: a name for it here, and the repository elsewhere."""

    name: str
    rcs_type: RcsType
    url: str
    module: str = ""
    update_interval: float | None = None


@dataclass(frozen=True)
class By:
    """Who does something, and when; nobody where the master itself does."""

    who: str | None
    date: datetime


@dataclass(frozen=True)
class RunningJob:
    """A job as who speaks of it knows it: by its id, and as run by ``hostname``, where who speaks is known."""

    id: int
    hostname: str | None = None


@dataclass(frozen=True)
class Ended:
    """How and when a run ended; ``log_file_id`` is of its stored log."""

    result: ImportResult
    date: datetime
    log_file_id: int | None = None


@dataclass(frozen=True)
class Waiting:
    """A job that waits: when it is due, and whether somebody asked for it."""

    id: int
    date_due: datetime
    requested: bool


class ImportRefusedError(BuildmasterError):
    """What was asked of a code import or of a machine is not possible in the state that it is in."""


class NoSuchMachineError(BuildmasterError):
    """No import machine of that name is registered."""

    def __init__(self, hostname: str) -> None:
        super().__init__(f"No such code import machine: {hostname}")


class Answer(Enum):
    """What a machine that asks for work is told."""

    LOOK = "look for a job"
    NOTHING = "nothing for now"
    QUIESCED = "go offline: the last job is done"


@dataclass(frozen=True)
class Aftermath:
    """What an import becomes when a run of it has ended; ``date_due`` is of its next job, None for no job."""

    review_status: ReviewStatus
    consecutive_failures: int
    succeeded: bool
    date_due: datetime | None


def interval(code_import: ImportFacts, failures: int, policy: ImportPolicy) -> timedelta:
    """Return the time from the start of one run to the next: twice as long after each of the failures in a row."""
    own = code_import.update_interval
    return timedelta(seconds=(policy.intervals[code_import.rcs_type] if own is None else own) * 2**failures)


def first_due(code_import: ImportFacts, policy: ImportPolicy, last_start: datetime | None, now: datetime) -> datetime:
    """Return when an import that just got a job is due: now, or an interval after its latest run began."""
    if last_start is None:
        return now
    return max(now, last_start + interval(code_import, code_import.consecutive_failures, policy))


def urgency(job: Waiting) -> tuple[bool, datetime, int]:
    """Return what due jobs are sorted by: those that somebody asked for first, then the most overdue."""
    return (not job.requested, job.date_due, job.id)


def answer(state: MachineState, running: int, policy: ImportPolicy) -> Answer:
    """Decide whether a machine that runs so many jobs gets another."""
    if state is MachineState.QUIESCING and running == 0:
        return Answer.QUIESCED
    if state is MachineState.ONLINE and running < policy.jobs_per_machine:
        return Answer.LOOK
    return Answer.NOTHING


def silent_since(policy: ImportPolicy, now: datetime) -> datetime:
    """Return the time before which a running job's last heartbeat means that its machine fell silent."""
    return now - timedelta(seconds=policy.silence_limit)


def aftermath(
    code_import: ImportFacts,
    result: ImportResult,
    started: datetime,
    policy: ImportPolicy,
    now: datetime,
) -> Aftermath:
    """Decide what becomes of an import whose run, begun at ``started``, ended with ``result``."""
    failures = _failures(code_import, result)
    status = code_import.review_status
    if status is ReviewStatus.REVIEWED and failures >= policy.failure_limit:
        status = ReviewStatus.FAILING
    due = None
    if status is ReviewStatus.REVIEWED:
        due = now if result in BLAMELESS else started + interval(code_import, failures, policy)
    return Aftermath(status, failures, result is ImportResult.SUCCESS, due)


def _failures(code_import: ImportFacts, result: ImportResult) -> int:
    if result is ImportResult.SUCCESS:
        return 0
    return code_import.consecutive_failures + (result not in BLAMELESS)


REVIEWS = frozenset({ReviewStatus.REVIEWED, ReviewStatus.SUSPENDED, ReviewStatus.INVALID})  # what a person may decide


def check_review(old: ReviewStatus, new: ReviewStatus) -> None:
    """Raise ImportRefusedError unless a person may review an import from ``old`` to ``new``."""
    if new not in REVIEWS:
        raise ImportRefusedError(f"Nobody reviews an import as {new.name.lower()}.")
    if new is old:
        raise ImportRefusedError(f"Review status is already {new.name.lower()}.")


MACHINE_MAY_BECOME = {
    MachineState.ONLINE: frozenset({MachineState.OFFLINE, MachineState.QUIESCING}),
    MachineState.OFFLINE: frozenset({MachineState.ONLINE, MachineState.QUIESCING}),
    MachineState.QUIESCING: frozenset({MachineState.ONLINE}),
}


def check_machine(hostname: str, old: MachineState, new: MachineState) -> None:
    """Raise ImportRefusedError unless a machine may go from ``old`` to ``new``."""
    if old not in MACHINE_MAY_BECOME[new]:
        raise ImportRefusedError(f"State of machine {hostname} was {old.name}.")


def log_excerpt(log: str) -> str:
    """Return the tail of a log as it is kept in a row: whole characters, no NUL, no credentials."""
    return without_credentials(log.replace("\0", "")).encode(errors="replace")[-TAIL:].decode(errors="ignore")
