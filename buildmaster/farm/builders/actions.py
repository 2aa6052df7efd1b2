"""What the master may do about a builder, as values: decided by ``scanning``, carried out by ``tasks.effects``.

Every action can be repeated: whatever it is done to has moved on by then, or is done to again without harm.
"""

from dataclasses import dataclass

from buildmaster.farm.builders.states import FailedBy
from buildmaster.farm.vocabulary.states import BuildState


@dataclass(frozen=True)
class Heard:
    """The slave answered: it was seen now, and its silence, if there was any, is over."""

    version: str | None = None
    kinds: tuple[str, ...] | None = None


@dataclass(frozen=True)
class CountSilence:
    """The slave did not answer; ``reason`` is shown to whoever asks what the builder is doing."""

    reason: str


@dataclass(frozen=True)
class Adopt:
    """The slave has the job, though nobody noted that it took it."""


@dataclass(frozen=True)
class SaveLogTail:
    """Keep the end of the running build's log, as people may see it."""

    tail: str


@dataclass(frozen=True)
class Collect:
    """Fetch log and results, and hand them to the uploader. ``filemap`` maps file names to SHA-1s."""

    filemap: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Conclude:
    """End the build in ``state``, with the log if ``fetch_log``.

    ``package_spoke``: the builder did its work to the end, so its count of failures is cleared.
    """

    state: BuildState
    dependencies: str | None = None
    failure: str | None = None
    fetch_log: bool = True
    package_spoke: bool = True


@dataclass(frozen=True)
class Requeue:
    """Give the job back to the queue.

    ``blamed``: it counts against builder and build (and is judged). ``zero_score``: it goes to the end of the queue.
    """

    reason: str
    blamed: bool = True
    fetch_log: bool = False
    zero_score: bool = False


@dataclass(frozen=True)
class Hold:
    """Leave the build and its results where they are until an operator has looked."""

    reason: str


@dataclass(frozen=True)
class FailBuilder:
    """Take the builder out of service, with the reason and by whom."""

    by: FailedBy
    reason: str


@dataclass(frozen=True)
class PostponeProbe:
    """Still failing: probe again after ``delay`` seconds."""

    delay: float
    reason: str


@dataclass(frozen=True)
class Restore:
    """Take a builder that a probe had failed back into service."""


@dataclass(frozen=True)
class Rescue:
    """Say that the slave is freed from a job that it should not have; it is cleaned like any dirty one."""

    cookie: str
    reason: str


@dataclass(frozen=True)
class MarkDirty:
    """The builder must be cleaned before it gets work."""


@dataclass(frozen=True)
class MarkClean:
    """The builder may get work."""


@dataclass(frozen=True)
class Abort:
    """Ask the slave to end its build, and note since when we wait for that: the first time counts."""


@dataclass(frozen=True)
class Clean:
    """Ask a slave that has ended to drop its job's files."""


@dataclass(frozen=True)
class Reset:
    """Run the reset command for the virtual machine, then wait for an echo."""


Action = (
    Heard
    | CountSilence
    | Adopt
    | SaveLogTail
    | Collect
    | Conclude
    | Requeue
    | Hold
    | FailBuilder
    | PostponeProbe
    | Restore
    | Rescue
    | MarkDirty
    | MarkClean
    | Abort
    | Clean
    | Reset
)
