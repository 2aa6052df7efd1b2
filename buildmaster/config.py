"""Read the conf file once; report every mistake at once.

The shipped buildmaster.conf is the table of defaults, and the classes below say what kind of value each key has.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from buildmaster.conffile import Entry, expand, nearest, parse
from buildmaster.confvalues import (
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
from buildmaster.errors import BuildmasterError
from buildmaster.farm.scoring import Weights, named_weights

HERE = Path(__file__).parent
SHIPPED = next(place for place in (HERE / "buildmaster.conf", HERE.parent / "buildmaster.conf") if place.exists())
BUILT_IN_TASKS = tuple(
    entry.value for entry in parse(SHIPPED, SHIPPED.read_text())[0] if entry.key == "task" and entry.value
)
USUAL = (Path("buildmaster.conf"), Path("/etc/buildmaster/buildmaster.conf"))
S = TypeVar("S")


class ConfigError(BuildmasterError):
    """The conf file has mistakes, all of which are in ``mistakes``: ``FILE:LINE: KEY: what is wrong``."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        more = f" (and {len(mistakes) - 1} more: see `buildmaster check-config`)" if mistakes[1:] else ""
        super().__init__(mistakes[0] + more)
        self.mistakes = tuple(mistakes)


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
ANY_JOB = "job ..."


def find(path: Path | None = None) -> Path:
    """Return ``path``, or the conf file in its usual place; raise BuildmasterError where there is none."""
    if path is not None:
        return path
    found = next((place for place in USUAL if place.exists()), None)
    if found is None:
        places = " nor ".join(map(str, USUAL))
        raise BuildmasterError(f"there is neither {places}: name one with --config, or begin with a copy of {SHIPPED}")
    return found


def load(path: Path) -> Config:
    """Return the settings of the file at ``path``; raise ConfigError with all its mistakes."""
    shipped, _ = parse(SHIPPED, SHIPPED.read_text())
    try:
        own, mistakes = parse(path, path.read_text())
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path}:1: is not UTF-8 text: {error}"]) from error
    reading = _Reading(path, shipped, own)
    config = reading.config()
    mistakes = sorted({*mistakes, *reading.mistakes}, key=_place)
    if mistakes or config is None:
        raise ConfigError(mistakes)
    return config


def _place(mistake: str) -> tuple[str, int]:
    path, line, _ = mistake.split(":", 2)
    return path, int(line)


class _Reading:
    """Turns entries into settings, and remembers every mistake on the way."""

    def __init__(self, path: Path, shipped: Sequence[Entry], own: Sequence[Entry]) -> None:
        self.mistakes: list[str] = []
        self._path = path
        self._own = {(entry.section, entry.key) for entry in own}
        self._entries = {(entry.section, entry.key): entry for entry in (*shipped, *own)}
        self._names: dict[str, str] = {}
        for entry in own:
            self._check_known(entry)

    def config(self) -> Config | None:
        """Return the settings, or None where a mistake stands in the way."""
        root = self._path.resolve().parent / (self._value(("buildmaster", "root"), str) or "")
        self._names["root"] = str(root)
        sections: dict[str, Any] = {name: self._section(kind, name) for name, kind in SECTIONS.items()}
        jobs = [self._job(section) for section in self._job_sections()]
        if self.mistakes:
            return None
        web = sections["web"]
        sections["web"] = replace(web, slave_url=web.slave_url or web.public_url)
        return Config(path=self._path, root=root, jobs=tuple(job for job in jobs if job and job.enabled), **sections)

    def _check_known(self, entry: Entry) -> None:
        job = entry.section.startswith("job ")
        kind = JobSettings if job else SECTIONS.get(entry.section)
        keys = get_type_hints(kind) if kind else {"root"}
        if kind is None and entry.section != "buildmaster":
            if not entry.key:
                self.mistakes.append(entry.mistake(f"no such section{nearest(entry.section, SECTIONS)}"))
        elif entry.key and entry.key not in keys:
            self.mistakes.append(entry.mistake(f"no such option in [{entry.section}]{nearest(entry.key, keys)}"))

    def _section(self, kind: type[S], *places: str, **more: str) -> S | None:
        """Return the settings of the first of ``places`` that has each key; None after a mistake."""
        before = len(self.mistakes)
        values = {
            key: self._value(next((place, key) for place in places if (place, key) in self._entries), hint)
            for key, hint in get_type_hints(kind, include_extras=True).items()
            if key not in more
        }
        return None if len(self.mistakes) > before else kind(**values, **more)

    def _value(self, place: tuple[str, str], hint: Any) -> Any:  # Any: each key has a type of its own
        entry = self._entries[place]
        reader = hint.__metadata__[0] if hasattr(hint, "__metadata__") else hint
        try:
            return reader(expand(entry.value, self._names))
        except ValueError as error:
            self.mistakes.append(entry.mistake(str(error)))
            return None

    def _job_sections(self) -> list[str]:
        return [name for name, key in self._entries if not key and name.startswith("job ") and name != ANY_JOB]

    def _job(self, section: str) -> JobConfig | None:
        job = self._section(JobConfig, section, ANY_JOB, name=section.removeprefix("job "))
        places = [(section, ANY_JOB, key) for key in ("task", "command")]
        task, command = (self._entries.get((own, key), self._entries[usual, key]).value for own, usual, key in places)
        if command and (section, "task") not in self._own:
            return job and replace(job, task="")
        fault = _fault(task, command)
        if fault:
            self.mistakes.append(self._entries.get((section, "task"), self._entries[section, ""]).mistake(fault))
        return job


def _fault(task: str, command: str) -> str:
    if bool(command) == bool(task):
        return "a job has either a task or a command"
    return "" if command or task in BUILT_IN_TASKS else f"{task!r} is no task{nearest(task, BUILT_IN_TASKS)}"
