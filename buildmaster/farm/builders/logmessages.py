"""What the log says of an action: one line each, in the words that operators have known for years."""

from enum import Enum

from buildmaster.farm.builders.actions import (
    Abort,
    Action,
    Collect,
    Conclude,
    FailBuilder,
    Hold,
    MarkClean,
    Requeue,
    Rescue,
    Reset,
    Restore,
)
from buildmaster.farm.builders.blame import BUILDER_LIMIT, Verdict
from buildmaster.farm.builders.facts import BuilderFacts, Observation
from buildmaster.farm.builders.replies import SlaveStatus
from buildmaster.farm.builders.runningjobs import OUT_OF_ORDER
from buildmaster.farm.builders.states import CleanStatus
from buildmaster.farm.vocabulary.states import BuildState


class Level(Enum):
    """How much a line matters."""

    INFO = "info"
    WARN = "warn"
    ERROR = "error"
    CRITICAL = "critical"


Line = tuple[Level, str]
SHOUTED = frozenset({BuildState.MANUALDEPWAIT, BuildState.CHROOTWAIT})


def line(builder: BuilderFacts, action: Action, seen: Observation | None = None) -> Line | None:
    """Return the level and the text of the line about an action, or None where it is not worth one."""
    title = builder.job.title if builder.job else "no build"
    match action:
        case Conclude():
            return _conclusion(builder, action, title)
        case Requeue():
            return _requeued(builder, action, title, seen)
        case FailBuilder(reason=reason):
            return _failed(builder, reason)
        case Rescue(cookie=cookie, reason=reason):
            return Level.WARN, f"Builder '{builder.name}' rescued from '{cookie}: {reason}'"
        case Hold(reason=reason):
            return (
                Level.CRITICAL,
                f"AssertionError: {reason}\n{builder.name} is set to manual, its results are left there",
            )
        case _:
            return _small(builder, action, title)


def held_text(builder: BuilderFacts, action: Hold) -> str:
    """Return what is said of a build that must go no further before somebody has looked."""
    build_id = builder.job.build_id if builder.job else 0
    return (
        f"AssertionError: {action.reason}\n"
        f"Its results stay on {builder.name}, which is set to manual. Open the pocket and run `buildmaster builder auto"
        f" {builder.name}` to take them in, or run `buildmaster build cancel {build_id}`."
    )


def _small(builder: BuilderFacts, action: Action, title: str) -> Line | None:
    if isinstance(action, Abort) and _told_before(builder):
        return None
    texts = {
        Collect: f"{builder.name} has built {title}: its results are fetched",
        Abort: f"{builder.name} is told to abort its build",
        Reset: f"{builder.name} is reset",
        Restore: f"{builder.name} ({builder.url}) answers again: back in service",
        MarkClean: f"{builder.name} is clean",
    }
    text = texts.get(type(action))
    return None if text is None else (Level.INFO, text)


def _told_before(builder: BuilderFacts) -> bool:
    if builder.job is None:
        return builder.clean_status is CleanStatus.CLEANING
    return builder.job.cancel_since is not None


def _conclusion(builder: BuilderFacts, action: Conclude, title: str) -> Line:
    if action.state in SHOUTED:
        return Level.CRITICAL, f"***** {builder.name} is {action.state.name} *****"
    return Level.INFO, f"{title} on {builder.name}: {action.state.title}"


def _requeued(builder: BuilderFacts, action: Requeue, title: str, seen: Observation | None) -> Line:
    if action.reason == OUT_OF_ORDER:
        return Level.WARN, f"***** {builder.name} has failed *****"
    if action.zero_score and builder.job is not None:
        cookie = seen.word.cookie if seen is not None and isinstance(seen.word, SlaveStatus) else None
        return Level.WARN, f"***** {cookie or builder.job.cookie} is GIVENBACK by {builder.name} *****"
    if " forgot about build " in action.reason:
        return Level.WARN, action.reason
    return Level.WARN, f"{title} goes back to the queue: {action.reason}"


def _failed(builder: BuilderFacts, reason: str) -> Line:
    if reason.startswith("Unknown status code ("):
        word = reason.removeprefix("Unknown status code (").partition(")")[0]
        return Level.CRITICAL, f"Builder on {builder.url} returned unknown status {word}, failing it"
    return marked(builder, reason)


def marked(builder: BuilderFacts, reason: str) -> Line:
    """Return the line about a builder that is taken out of service, as operators search for it: with its traceback."""
    where = f"  Slave {builder.name!r}, {builder.url}rpc, status()"
    trace = f"Traceback (most recent call last):\n{where}\nerror: {reason}"
    return Level.WARN, f"{builder.name} ({builder.url}) marked as failed due to: {reason}\n{trace}"


def judged(builder: BuilderFacts, title: str, verdict: Verdict | None, reason: str) -> Line | None:
    """Return the line about who was found guilty of a failure, if somebody was."""
    if verdict is Verdict.BUILD:
        return Level.WARN, f"{title} has failed on too many builders, at last on {builder.name}: {reason}"
    if verdict is Verdict.BUILDER:
        return Level.WARN, f"{builder.name} ({builder.url}) marked as failed due to: {too_many(reason)}"
    return None


def too_many(reason: str) -> str:
    """Return why a builder is failed at its limit; ``reason`` is its last failure."""
    return f"{BUILDER_LIMIT} failures in a row, the last: {reason}"


def failed_text(builder: BuilderFacts, reason: str) -> tuple[str, str]:
    """Return subject and text of what administrators are told of a builder that an operator must look at."""
    about = f"{builder.name} is out of service"
    text = (
        f"{builder.name} ({builder.url}) is out of service: {reason}\n\n"
        f"When the cause is mended: buildmaster builder ok {builder.name}"
    )
    return about, text


def outage_text(processor: str, silent: int) -> tuple[str, str]:
    """Return subject and text of the warning that a network is at fault."""
    about = f"{silent} {processor} builders fell silent at once"
    text = (
        f"{about}, within one minute: that is the network's fault, and none of them is blamed. They get no work until"
        " they answer again; then all goes on by itself. Their builds are given to others after an hour of silence."
    )
    return about, text
