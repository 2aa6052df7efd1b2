"""Say in words how long something took, or how long ago it was."""

from datetime import datetime

STEPS = ((1.0, "second", 120.0), (60.0, "minute", 7200.0), (3600.0, "hour", 172800.0))
DAY = 86400.0


def approximately(seconds: float) -> str:
    """Return a duration in its nearest unit, as ``3 minutes``: a unit serves until there are two of the next."""
    for unit, name, end in STEPS:
        if round(seconds) < end:
            return _counted(round(max(seconds, 0.0) / unit), name)
    return _counted(round(seconds / DAY), "day")


def since(then: datetime, now: datetime) -> str:
    """Return how long it is from ``then`` to ``now``."""
    return approximately((now - then).total_seconds())


def ago(then: datetime, now: datetime) -> str:
    """Return how long ago ``then`` was, or in how long it will be."""
    if then > now:
        return f"in {since(now, then)}"
    return f"{since(then, now)} ago"


def _counted(count: int, name: str) -> str:
    return f"{count} {name}" if count == 1 else f"{count} {name}s"
