"""How long a build will take."""

MINUTE = 60.0
KB = 1024
KB_PER_SECOND = 6  # of source: what a build was seen to take in 2006, and what the classic master kept
UNKNOWN_SIZE = 5 * MINUTE


def estimated_duration(last_success: float | None, size: int) -> float:
    """Return how many seconds a build will take: as long as its last success, or else by its source's size in bytes.

    The last success is of the same source package, in whatever version, on the same architecture.
    """
    if last_success is not None:
        return max(0.0, last_success)
    return MINUTE * int(size / KB / KB_PER_SECOND / MINUTE + 1) if size > 0 else UNKNOWN_SIZE
