"""Which job is next, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

LEAST_PAUSE = 0.01  # seconds between two runs of a job that is nudged all the time
SHARE = 1.0  # times what its last run took: so long such a job rests, so it takes half of the time at the most
LONGEST_REST = 0.25  # seconds: a run may have waited for others, which is not to be paid for twice


class Due(Protocol):
    """What has a time at which its turn comes, by the monotonic clock."""

    @property
    def due(self) -> float:
        """The time in seconds."""


Job = TypeVar("Job", bound=Due)


def next_turn(jobs: Sequence[Job], now: float) -> tuple[Job, float]:
    """Return the job that is due first, and in how many seconds; of those due together, the first of the file.

    A job that is overdue is due now, once, however many runs it missed. There must be a job.
    """
    job = min(jobs, key=lambda job: job.due)
    return job, max(0.0, job.due - now)


def rest_after(took: float, least: float = LEAST_PAUSE) -> float:
    """Return how long a job rests after a run that took so many seconds, though it is nudged."""
    return min(max(least, SHARE * took), LONGEST_REST)


def due_after(ended: float, delay: float, rest: float, *, nudged: bool) -> float:
    """Return when a job is due that ended a run then, and was nudged meanwhile, or not."""
    return ended + (min(rest, delay) if nudged else delay)


def due_when_nudged(due: float, rested: float, now: float) -> float:
    """Return when a waiting job is due that is nudged now: at once, but not before it has rested."""
    return min(due, max(now, rested))


@dataclass(frozen=True)
class TurnFacts:
    """How a job stands; ``age`` is the seconds since its last turn ended, ``due_in`` those until it is due."""

    job: str
    turns: int
    under_way: bool
    age: float
    due_in: float
