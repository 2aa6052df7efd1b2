"""When a waiting build will start, as far as can be told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from buildmaster.farm.queue.estimates import Spread

OVERDUE = 120.0  # seconds that a build which should have ended already, or of which nothing is known, is given


@dataclass(frozen=True)
class Worker:
    """A builder that takes from a queue: in how many seconds it is free, and which part of its time the queue gets."""

    free: float = 0.0
    share: float = 1.0


@dataclass(frozen=True)
class Start:
    """When a build will start, and the span that it will probably be in (None while too little is known for one)."""

    at: datetime
    between: tuple[datetime, datetime] | None = None


def free_in(estimate: float | None, started: datetime | None, now: datetime) -> float:
    """Return in how many seconds a builder is free, that began a build at ``started`` (None: it is free now)."""
    if started is None:
        return 0.0
    rest = (estimate or 0.0) - (now - started).total_seconds()
    return rest if rest > 0 else OVERDUE


def estimated_delay(ahead: float, workers: Sequence[Worker]) -> float | None:
    """Return in how many seconds a build will start; None where no builder takes its kind.

    ``ahead`` is the estimated seconds of all that comes before it in its queue. The first builder to be free is waited
    for; from then on those that are free share what is ahead.
    """
    if not workers:
        return None
    now, share = 0.0, 0.0
    for worker in sorted(workers, key=lambda worker: worker.free):
        done = share * (worker.free - now)
        if share and done >= ahead:
            break
        now, ahead, share = worker.free, ahead - done, share + worker.share
    return now + ahead / share


def estimated_start(ahead: float, workers: Sequence[Worker], spread: Spread | None, now: datetime) -> Start | None:
    """Return when a build will start; None where no builder takes its kind."""
    delay = estimated_delay(ahead, workers)
    if delay is None:
        return None
    at = now + timedelta(seconds=round(delay))
    if spread is None:
        return Start(at)
    return Start(
        at, (now + timedelta(seconds=round(delay * spread[0])), now + timedelta(seconds=round(delay * spread[1])))
    )
