"""The settings of a farm: the classes say what kind of value each key of the conf file has."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_type_hints

from buildmaster.daemon.config.values import (
    Ages,
    Amount,
    Argv,
    Count,
    DatabaseUrl,
    Flag,
    Host,
    Limit,
    Networks,
    Pockets,
    Port,
    Seconds,
    Store,
    Table,
    Template,
    Text,
    Tokens,
    Urgencies,
    Url,
    Words,
)
from buildmaster.farm.queue.scoring import Weights, named_weights


@dataclass(frozen=True)
class DatabaseSettings:
    """Where the rows are."""

    url: DatabaseUrl


@dataclass(frozen=True)
class WebSettings:
    """Where the pages are, and what they are called from outside."""

    port: Port
    bind: Host
    public_url: Url
    slave_url: Url


@dataclass(frozen=True)
class LibrarianSettings:
    """Where the files are."""

    store: Store


@dataclass(frozen=True)
class SlavesSettings:
    """How slaves are spoken to."""

    timeout: Limit
    untrusted_timeout: Limit
    poll_building: Seconds
    poll_idle: Seconds
    silent_scans: Count
    concurrent_errands: Count
    vm_resume_command: Template
    reset_timeout: Limit


@dataclass(frozen=True)
class LimitsSettings:
    """What nobody may exceed; sizes in bytes."""

    result_files: Count
    result_size: Count
    log_size: Count
    request_size: Count
    upload_size: Count
    build_limit: Limit
    empty_log_limit: Limit
    silence_limit: Limit
    abort_limit: Limit
    free_space: Amount


@dataclass(frozen=True)
class ScoresSettings:
    """The weights of the score; the keys of ``age`` are seconds."""

    urgency: Urgencies
    pocket: Pockets
    component: Table
    age: Ages
    age_per_day: Amount
    private: Amount
    translations: Amount
    rebuild: Amount

    @property
    def weights(self) -> Weights:
        """The weights, as the score's rules take them."""
        return named_weights(**asdict(self))


@dataclass(frozen=True)
class UploaderSettings:
    """Who takes in results."""

    command: Argv
    timeout: Limit


@dataclass(frozen=True)
class MailSettings:
    """How mail is sent, and to whom."""

    fromaddress: Text
    smtphost: Text
    smtpport: Port
    send_build_notification: Flag
    notify_owner: Flag
    administrators: Words


@dataclass(frozen=True)
class CodeImportsSettings:
    """How code imports are given out."""

    auto_create_machines: Flag
    machine_tokens: Tokens
    default_interval_subversion: Seconds
    default_interval_cvs: Seconds
    default_interval: Seconds
    heartbeat_update_interval: Seconds
    maximum_heartbeat_interval: Limit
    worker_inactivity_timeout: Limit
    consecutive_failure_limit: Count
    max_jobs_per_machine: Count
    log_size: Count
    allowed_schemes: Words
    allowed_addresses: Networks
    worker_disk_quota: Count
    worker_memory: Count
    worker_limit: Seconds


@dataclass(frozen=True)
class HousekeepingSettings:
    """How long, in days, what nobody needs is kept."""

    accepted_days: Amount
    rejected_days: Amount
    failed_days: Amount
    audit_days: Amount
    mail_days: Amount


@dataclass(frozen=True)
class SequencerSettings:
    """What holds for all jobs."""

    mailproblemsto: Words
    logfile: Text
    output_size: Count
    stop_limit: Seconds


@dataclass(frozen=True)
class JobSettings:
    """What a job's section says: a built-in ``task``, or the ``command`` of a child process."""

    task: Text
    command: Argv
    mindelay: Seconds
    alwayslog: Flag
    timeout: Limit
    enabled: Flag


@dataclass(frozen=True)
class JobConfig(JobSettings):
    """A job of the sequencer, by its name."""

    name: str


@dataclass(frozen=True)
class Config:
    """All settings of a farm. ``jobs`` are those that are enabled, in the order of the file."""

    path: Path
    root: Path
    database: DatabaseSettings
    web: WebSettings
    librarian: LibrarianSettings
    slaves: SlavesSettings
    limits: LimitsSettings
    scores: ScoresSettings
    uploader: UploaderSettings
    mail: MailSettings
    code_imports: CodeImportsSettings
    housekeeping: HousekeepingSettings
    sequencer: SequencerSettings
    jobs: tuple[JobConfig, ...]

    @property
    def mailproblemsto(self) -> tuple[str, ...]:
        """Who is told of a job that fails."""
        return self.sequencer.mailproblemsto


SECTIONS = {
    name: kind
    for name, kind in get_type_hints(Config).items()
    if isinstance(kind, type) and "Settings" in kind.__name__
}
