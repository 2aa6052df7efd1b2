"""What is known at one moment of builders, of what they hold, and of what their slaves say.

All are frozen: equality is content, so rules are tested by comparison, and what a rule was decided on can be printed.
"""

from dataclasses import dataclass
from datetime import datetime

from buildmaster.farm.builders.replies import Silence, SlaveInfo, Word
from buildmaster.farm.builders.states import CleanStatus, FailedBy
from buildmaster.farm.vocabulary.archives import Pocket, Purpose, SeriesStatus
from buildmaster.farm.vocabulary.states import BuildState


@dataclass(frozen=True)
class JobFacts:
    """What a builder is believed to hold: one attempt at one build. ``label`` names it in the names of files.

    ``accepted``: the slave took it, or may have. ``landed``: its results lie in incoming/. ``held_for``: why it goes no
    further.
    """

    build_id: int
    entry_id: int
    attempt_id: int
    attempt: int
    cookie: str
    state: BuildState
    started: datetime
    title: str
    logtail: str | None = None
    tail_changed: datetime | None = None
    cancel_since: datetime | None = None
    pocket: Pocket = Pocket.RELEASE
    label: str = ""
    archive_id: int = 0
    series_status: SeriesStatus = SeriesStatus.DEVELOPMENT
    purpose: Purpose = Purpose.PRIMARY
    private: bool = False
    estimate: float | None = None
    build_limit: float | None = None
    silence_limit: float | None = None
    empty_log_limit: float | None = None
    held_for: str | None = None
    accepted: bool = True
    landed: bool = False


@dataclass(frozen=True)
class BuilderFacts:
    """What is believed about one builder: its row, and the job it holds.

    ``tags`` are the tags of the architectures that it may be; a slave that says another is of the wrong architecture.
    """

    id: int
    name: str
    url: str
    processors: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    trusted: bool = True
    vm_host: str | None = None
    builderok: bool = True
    failed_by: FailedBy | None = None
    failnotes: str | None = None
    date_failed: datetime | None = None
    manual: bool = False
    clean_status: CleanStatus = CleanStatus.CLEAN
    clean_since: datetime | None = None
    failure_count: int = 0
    silent_scans: int = 0
    silent_since: datetime | None = None
    probe_delay: float = 0.0
    next_probe: datetime | None = None
    last_seen: datetime | None = None
    version: str | None = None
    kinds: tuple[str, ...] = ()
    job: JobFacts | None = None

    @property
    def is_reset(self) -> bool:
        """Tell whether it is cleaned by resetting its virtual machine; one without is cleaned by its slave."""
        return not self.trusted and self.vm_host is not None

    @property
    def logger_name(self) -> str:
        """The name that this builder's lines are logged under: its (first) processor's group."""
        return f"builders.{self.processors[0] if self.processors else 'none'}"


@dataclass(frozen=True)
class Limits:
    """How long what may last, in seconds, and how many silent scans in a row are a failure."""

    silent_scans: int = 5
    empty_log: float = 600.0
    silence: float = 10800.0
    build: float = 86400.0
    abort: float = 180.0


@dataclass(frozen=True)
class Observation:
    """What was seen of a slave: its word; its ``info()`` where asked; why its cookie is not its builder's, if it isn't.

    ``outage``: so many fell silent at once that it is the network's fault, and nobody is blamed.
    """

    word: Word
    info: SlaveInfo | Silence | None = None
    mismatch: str | None = None
    outage: bool = False


def longer(since: datetime | None, now: datetime, limit: float) -> bool:
    """Tell whether ``limit`` seconds have passed ``since`` then."""
    return since is not None and (now - since).total_seconds() > limit
