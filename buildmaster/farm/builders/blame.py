"""Whose fault a failure is that was not the package's: the builder's, the build's, or the network's.

A failure is counted on builder and build alike, and the job goes back to the queue at once, to another builder. Who
fails again and again with different partners is guilty: a build on its third distinct builder, a builder at its fifth
failure with nothing in between that a package was to blame for. Where many fall silent at once it was neither.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

BUILDER_LIMIT = 5
DISTINCT_BUILDERS = 3
BUILD_LIMIT = 5
OUTAGE_WINDOW = timedelta(seconds=60)
OUTAGE_LEAST = 3
OUTAGE_PATIENCE = timedelta(hours=1)


class Verdict(Enum):
    """Who is guilty."""

    NOBODY = "nobody yet: try again elsewhere"
    BUILDER = "the builder: take it out of service"
    BUILD = "the build: fail it, and give the builders their counts back"


@dataclass(frozen=True)
class Record:
    """What is held against a builder and a build, the failure to be judged included.

    ``able`` is how many builders there are that could take the build. ``builders`` are the distinct ones it failed on.
    """

    builder_failures: int
    build_failures: int
    builders: frozenset[int]
    able: int


def judge(record: Record) -> Verdict:
    """Return who is guilty; the build first, since then the builders are innocent."""
    if len(record.builders) >= DISTINCT_BUILDERS:
        return Verdict.BUILD
    if record.able < DISTINCT_BUILDERS and record.build_failures >= BUILD_LIMIT:
        return Verdict.BUILD
    if record.builder_failures >= BUILDER_LIMIT:
        return Verdict.BUILDER
    return Verdict.NOBODY


@dataclass(frozen=True)
class Quiet:
    """Since when a builder is silent, if it is, and the kinds of CPU that it is counted under."""

    builder_id: int
    processors: Sequence[str]
    since: datetime | None


def outages(builders: Iterable[Quiet], now: datetime) -> dict[str, frozenset[int]]:
    """Return, per processor whose network is at fault, the builders that are not to be blamed for their silence.

    It is at fault where at least three, and half, of the processor's builders fell silent within one minute. That
    excuses for an hour: then they count as gone, and their jobs are given to others.
    """
    groups: dict[str, list[Quiet]] = {}
    for builder in builders:
        for processor in builder.processors:
            groups.setdefault(processor, []).append(builder)
    found = {processor: _fallen(group, now) for processor, group in groups.items()}
    return {processor: fallen for processor, fallen in found.items() if fallen}


def _fallen(group: list[Quiet], now: datetime) -> frozenset[int]:
    silent = sorted((b.since, b.builder_id) for b in group if b.since is not None and now - b.since < OUTAGE_PATIENCE)
    needed = max(OUTAGE_LEAST, (len(group) + 1) // 2)
    fallen: set[int] = set()
    last = taken = 0  # ends of the window that begins with each of the silent, and of those taken from one before it
    for first, (start, _) in enumerate(silent):
        while last < len(silent) and silent[last][0] - start <= OUTAGE_WINDOW:
            last += 1
        if last - first >= needed:
            fallen.update(builder_id for _, builder_id in silent[max(first, taken) : last])
            taken = last
    return frozenset(fallen)
