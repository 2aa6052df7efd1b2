"""When a builder is asked again: often where something is about to end, seldom where nothing happens.

On a large farm with many small builds that would be too often: then all builders wait longer, but none for longer than
the usual interval. Where many are due at the same moment some wait a little, or they would be due together ever after.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from buildmaster.farm.builders.facts import BuilderFacts, JobFacts
from buildmaster.farm.builders.states import CleanStatus, FailedBy
from buildmaster.farm.vocabulary.states import BuildState

SOON = 1.0  # seconds: of a builder that is being cleaned, or whose build is being ended
FAR = 4.0  # intervals before and after its estimated end, in which a build is asked about at the usual interval
RARE = 3.0  # times the usual interval, at the most
FIRST = 0.25  # seconds: of a build that has just begun
MOST = 200.0  # questions a second, beyond which those come less often that would come more often than usual
SEEN = 60.0  # seconds: so often it is noted that a builder goes on answering
YOUNG = 4.0  # a build is asked about again after this part of its age: small ones end early


@dataclass(frozen=True)
class Pace:
    """The usual seconds from one question to the next."""

    building: float = 5.0
    idle: float = 30.0


def interval(builder: BuilderFacts, now: datetime, pace: Pace) -> float | None:
    """Return the seconds from the last question to the next; None where nobody is to be asked."""
    if not builder.builderok:
        return _failed(builder, now)
    if builder.job is not None:
        return _building(builder.job, now, pace)
    return pace.idle if builder.clean_status is CleanStatus.CLEAN and not builder.silent_scans else SOON


def crowding(delays: Iterable[float | None]) -> float:
    """Return how many times too many questions a second builders would get at these intervals; at least 1."""
    return max(1.0, sum(1 / max(delay, FIRST) for delay in delays if delay is not None) / MOST)


def spaced(delay: float | None, crowd: float, pace: Pace) -> float | None:
    """Return the interval in a crowd: as many times longer, up to the usual one."""
    return None if delay is None else max(delay, min(delay * crowd, pace.building))


def room(builders: int, pace: Pace, passed: float) -> int:
    """Return how many of so many builders may be asked, so many seconds after some could be asked last; at least 1.

    That is more than are due in that time, of any farm.
    """
    return max(1, int((MOST + builders / max(pace.building, FIRST)) * min(passed, SOON)))


def noteworthy(builder: BuilderFacts, now: datetime) -> bool:
    """Tell whether an answer is news: the builder was silent, or what was noted is old.

    A row of a large farm is not changed for each answer.
    """
    if builder.silent_scans or builder.silent_since is not None or builder.last_seen is None:
        return True
    return not 0 <= (now - builder.last_seen).total_seconds() < SEEN


def _failed(builder: BuilderFacts, now: datetime) -> float | None:
    """One that a probe failed is probed when that is due; and then soon again, while it is being cleaned."""
    if builder.failed_by is not FailedBy.PROBE:
        return None
    return SOON if builder.next_probe is None or builder.next_probe <= now else None


def _building(job: JobFacts, now: datetime, pace: Pace) -> float:
    """Ask a young build often, since it may be a small one; an old one seldom, until it is due by its estimate."""
    if job.state is not BuildState.BUILDING:
        return SOON
    age = (now - job.started).total_seconds()
    usual = min(pace.building * RARE, max(FIRST, age / YOUNG))
    due = job.estimate is not None and abs(job.estimate - age) < pace.building * FAR
    return min(usual, pace.building) if due else usual
