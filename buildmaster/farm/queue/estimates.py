"""How long a build will take, and how far from that it may be."""

from collections.abc import Iterable

MINUTE = 60.0
KB = 1024
KB_PER_SECOND = 6  # of source: what a build was seen to take in 2006, and what the classic master kept
UNKNOWN_SIZE = 5 * MINUTE
ENOUGH = 10  # past errors to learn from
OUTSIDE = 0.1  # of them at either end are left out

Spread = tuple[float, float]


def estimated_duration(last_success: float | None, size: int) -> float:
    """Return how many seconds a build will take: as long as its last success, or else by its source's size in bytes.

    The last success is of the same source package, in whatever version, on the same architecture.
    """
    if last_success is not None:
        return max(0.0, last_success)
    return MINUTE * int(size / KB / KB_PER_SECOND / MINUTE + 1) if size > 0 else UNKNOWN_SIZE


def spread(errors: Iterable[float]) -> Spread | None:
    """Return by which factors estimates are to be stretched to hold what happens in eight of ten cases.

    ``errors`` are of past builds: how long they took, over what was estimated. None is returned where they are too few.
    """
    ordered = sorted(errors)
    if len(ordered) < ENOUGH:
        return None
    end = int(len(ordered) * OUTSIDE)
    return min(ordered[end], 1.0), max(ordered[-1 - end], 1.0)
