"""Say in a sentence how a builder is, and since when."""

from dataclasses import dataclass
from datetime import datetime

from buildmaster.farm.builders.states import CleanStatus, FailedBy
from buildmaster.farm.text.durations import ago, since
from buildmaster.farm.vocabulary.states import BuildState

DOING = {
    BuildState.BUILDING: "Building",
    BuildState.CANCELLING: "Cancelling",
    BuildState.GATHERING: "Gathering the output of",
}
BY = {
    FailedBy.PROBE: "Failed",
    FailedBy.LIMIT: "Failed for good",
    FailedBy.OPERATOR: "Failed by an operator",
}


@dataclass(frozen=True)
class Holding:
    """What a builder holds: the title of a build (with the owner of a personal archive), its state, and since when."""

    title: str
    state: BuildState
    started: datetime
    held_for: str | None = None


@dataclass(frozen=True)
class Standing:
    """What the sentence is made of; the names are the builder's own."""

    builderok: bool = True
    failed_by: FailedBy | None = None
    failnotes: str | None = None
    date_failed: datetime | None = None
    next_probe: datetime | None = None
    manual: bool = False
    clean_status: CleanStatus = CleanStatus.CLEAN
    clean_since: datetime | None = None
    silent_scans: int = 0
    silence: str | None = None
    last_seen: datetime | None = None
    holding: Holding | None = None


def available(standing: Standing) -> bool:
    """Tell whether a builder could be given work, were it not set to manual."""
    return standing.builderok and standing.clean_status is CleanStatus.CLEAN and standing.holding is None


def sentence(standing: Standing, now: datetime) -> str:
    """Return how a builder is, in one sentence without its stop."""
    if not standing.builderok:
        return _failed(standing, now)
    words = _holding(standing.holding, now) if standing.holding else _free(standing, now)
    return f"{words}{_silent(standing)}{', manual: gets no new work' if standing.manual else ''}"


def _failed(standing: Standing, now: datetime) -> str:
    words = BY.get(standing.failed_by, "Disabled") if standing.failed_by else "Disabled"
    when = f" {ago(standing.date_failed, now)}" if standing.date_failed else ""
    why = f": {standing.failnotes}" if standing.failnotes else ""
    probe = f"; to be probed again {_in(standing.next_probe, now)}" if standing.next_probe else ""
    return words + when + why + probe


def _silent(standing: Standing) -> str:
    if not standing.silent_scans:
        return ""
    why = f" ({standing.silence})" if standing.silence else ""
    return f", no answer to the last {standing.silent_scans} scans{why}"


def _holding(holding: Holding, now: datetime) -> str:
    held = f"; stuck: {holding.held_for}" if holding.held_for else ""
    return f"{DOING.get(holding.state, 'Ending')} {holding.title} for {since(holding.started, now)}{held}"


def _free(standing: Standing, now: datetime) -> str:
    for_long = f" for {since(standing.clean_since, now)}" if standing.clean_since else ""
    if standing.clean_status is CleanStatus.CLEAN:
        return f"Idle{for_long}"
    if standing.clean_status is CleanStatus.CLEANING:
        return f"Being cleaned{for_long}"
    return f"Waiting to be cleaned{for_long}" if standing.last_seen else "Never seen: to be probed"


def _in(then: datetime, now: datetime) -> str:
    return ago(then, now) if then > now else "now"
