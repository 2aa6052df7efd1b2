"""When a waiting build will start, as far as can be told."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

OVERDUE = 120.0  # seconds that a build which should have ended already is given


@dataclass(frozen=True)
class Running:
    """A build under way: its estimated duration in seconds, if any, and when it started."""

    estimate: float | None
    started: datetime


def estimated_start(ahead: float, running: Iterable[Running], builders: int, now: datetime) -> datetime | None:
    """Return when a build will start; None where no builder takes its kind.

    ``ahead`` is the estimated seconds of all that comes before it in its queue, ``running`` is what its ``builders``
    do now. The first of them to be free is waited for, then they share what is ahead.
    """
    if builders == 0:
        return None
    return now + timedelta(seconds=head_delay(running, now) + int(ahead / builders))


def head_delay(running: Iterable[Running], now: datetime) -> float:
    """Return in how many seconds the first of the running builds will end; 0 where that can't be told."""
    rests = (_rest(build, now) for build in running)
    return min((OVERDUE if rest < 0 else rest for rest in rests if rest), default=0.0)


def _rest(build: Running, now: datetime) -> float | None:
    if build.estimate is None:
        return None
    return float(int(build.estimate - (now - build.started).total_seconds()))
