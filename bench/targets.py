"""What the master is to reach, each compared with the figures of the same run.

Milliseconds and cores say as much of the machine as of the master. So what is to be reached in them is also put beside
a peer of the same run, and compared with what that peer took where the targets were set.
"""

from collections.abc import Callable
from dataclasses import dataclass

DATABASES = ("SQLite", "PostgreSQL")
AGENT = 1.5  # ms of CPU that a build took by the pooled Agent's bare protocol where the targets were set
BUILDBOT = 157.0  # ms from submitted to started there
GROWTH = 1.25  # by which the median of a few turns may err


@dataclass(frozen=True)
class Target:
    """A claim; how to find its figure among the rows, or None; and the limit, from above unless ``at_least``."""

    claim: str
    figure: Callable
    limit: float
    at_least: bool = False

    def judged(self, rows):
        """Return the claim's row of the table."""
        value = self.figure(rows)
        wanted = f"{'at least' if self.at_least else 'at most'} {self.limit:,.3g}"
        told = "not measured" if value is None else f"{value:,.3g}"
        return {"target": self.claim, "wanted": wanted, "measured": told, "verdict": self.verdict(value)}

    def verdict(self, value):
        if value is None:
            return "unknown"
        return "met" if (value >= self.limit if self.at_least else value <= self.limit) else "NOT MET"


def cell(table, column, **where):
    """Return a function that finds a figure: of the row of a table that has these values."""

    def figure(rows):
        for name, row in rows:
            if name == table and all(row.get(key) == value for key, value in where.items()):
                return row.get(column)
        return None

    return figure


def ratio(above, below):
    """Return a function that finds how many times one figure is the other."""

    def figure(rows):
        one, other = above(rows), below(rows)
        return one / other if one is not None and other else None

    return figure


def throughput():
    for database in DATABASES:
        ours = {"case": f"master, {database}", "slaves": 100, "waiting": 0}
        behind = ours | {"waiting": 10_000}
        least = {"at_least": True}
        yield Target(f"times Buildbot, {database}", cell("Throughput", "x Buildbot", **ours), 10, **least)
        figure = cell("Throughput", "x Buildbot", **behind)
        yield Target(f"times Buildbot, {database}, 10,000 waiting", figure, 25, **least)
        figure = cell("Throughput", "x Agent", **ours)
        yield Target(f"of the pooled Agent's bare protocol, {database}", figure, 0.25, **least)
        figure = cell("Throughput", "x Agent's CPU", **ours)
        yield Target(f"times the Agent's CPU a build, {database} (5 ms where that takes {AGENT})", figure, 5 / AGENT)
        yield Target(f"ms of CPU a build, {database}", cell("Throughput", "CPU ms", **ours), 5)


def latency():
    for builders in (1, 100, 1000):
        for case in ("accepted to taken", "ended to taken"):
            where = {"case": case, "builders": builders}
            claim = f"times Buildbot's median, {case}, {builders:,} builders (50 ms where that is {BUILDBOT:.0f})"
            yield Target(claim, cell("Latency", "x Buildbot", **where), 50 / BUILDBOT)
            yield Target(f"median ms {case}, {builders:,} builders", cell("Latency", "median ms", **where), 50)


def load():
    busy = {"builders": 1000, "waiting": 100_000}
    yield Target(
        "dispatches/s to 1,000 builders asked every 5 s", cell("Load", "dispatches/s", **busy), 50, at_least=True
    )
    claim = f"times the Agent's CPU a build meanwhile (half a core where that takes {AGENT} ms)"
    yield Target(claim, cell("Load", "x Agent's CPU", **busy), 500 / (50 * AGENT))
    yield Target("cores meanwhile", cell("Load", "cores", **busy), 0.5)
    yield Target("MB resident meanwhile, 100,000 waiting", cell("Load", "MB", **busy), 150)
    yield Target("ms that a 10 ms ticker was late meanwhile, p99.9", cell("Load", "late p99.9 ms", **busy), 50)


def growth():
    for job in ("dispatcher", "scanner"):
        large, small = (cell("Turns", "ms a builder", job=job, builders=n, waiting=10_000) for n in (10_000, 1000))
        yield Target(f"times the {job}'s turn costs a builder, of 10,000 beside 1,000", ratio(large, small), GROWTH)
    large, small = (
        cell("Turns", "CPU ms", job="dispatcher", builders=100, waiting=waiting) for waiting in (1_000_000, 10_000)
    )
    yield Target("times the dispatcher's turn, 1,000,000 waiting beside 10,000", ratio(large, small), GROWTH)


def endurance():
    grown = ratio(cell("Endurance", "more MB"), lambda rows: (cell("Endurance", "builds")(rows) or 0) / 1000)
    yield Target("MB more after 1,000 builds", grown, 5)
    yield Target("descriptors more after all builds", cell("Endurance", "more descriptors"), 5)


TARGETS = (*throughput(), *latency(), *load(), *growth(), *endurance())


def judged(rows):
    """Return a row for each target."""
    return [target.judged(rows) for target in TARGETS]
