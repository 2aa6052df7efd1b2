"""How urgent a build is, with reasons."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from buildmaster.farm.vocabulary.archives import Pocket, Purpose, Urgency

DAY = 86400.0
HOUR = 3600.0
TRANSLATIONS = "translations"  # the section of language packs, which may wait for ever

URGENCIES = {Urgency.LOW: 5, Urgency.MEDIUM: 10, Urgency.HIGH: 15, Urgency.EMERGENCY: 20}
POCKETS = {
    Pocket.PROPOSED: 0,
    Pocket.BACKPORTS: 1500,
    Pocket.RELEASE: 3000,
    Pocket.UPDATES: 4500,
    Pocket.SECURITY: 6000,
}
COMPONENTS = {"multiverse": 0, "universe": 250, "restricted": 750, "main": 1000, "partner": 1250}
AGES = ((300.0, 5), (900.0, 10), (1800.0, 15), (3600.0, 20), (7200.0, 50), (14400.0, 100))


@dataclass(frozen=True)
class Weights:
    """What each reason is worth. The defaults are the classic policy.

    ``ages`` are pairs, in ascending order: a wait of more than so many seconds, and its worth. ``age_per_day`` is
    added without bound for each day of waiting, by whole hours; with it nothing starves.
    """

    urgencies: Mapping[Urgency, int] = field(default_factory=lambda: dict(URGENCIES))
    pockets: Mapping[Pocket, int] = field(default_factory=lambda: dict(POCKETS))
    components: Mapping[str, int] = field(default_factory=lambda: dict(COMPONENTS))
    ages: tuple[tuple[float, int], ...] = AGES
    private: int = 10000
    rebuild: int = 4
    translations: int = 0
    age_per_day: float = 0.0


def named_weights(
    urgency: Mapping[str, float],
    pocket: Mapping[str, float],
    component: Mapping[str, float],
    age: Mapping[str, float],
    **others: float,
) -> Weights:
    """Return the weights of a conf file: its tables by name in lower case, ``age``'s names being seconds."""
    return Weights(
        {kind: int(urgency.get(kind.name.lower(), 0)) for kind in Urgency},
        {kind: int(pocket.get(kind.name.lower(), 0)) for kind in Pocket},
        {name: int(worth) for name, worth in component.items()},
        tuple(sorted((float(limit), int(worth)) for limit, worth in age.items())),
        private=int(others["private"]),
        rebuild=int(others["rebuild"]),
        translations=int(others["translations"]),
        age_per_day=others["age_per_day"],
    )


@dataclass(frozen=True)
class Scored:
    """What the score of an entry depends on, apart from its age. ``archive_score`` is the archive's own, relative."""

    section: str
    urgency: Urgency
    pocket: Pocket
    component: str
    purpose: Purpose
    private: bool = False
    archive_score: int = 0


@dataclass(frozen=True)
class Score:
    """A score: its total, and the reasons that add up to it."""

    total: int
    parts: tuple[tuple[str, int], ...]


def age_step(created: datetime, now: datetime, weights: Weights) -> int:
    """Return how many times the score of an entry made at ``created`` has gone up with its age (by total seconds)."""
    age = (now - created).total_seconds()
    passed = sum(age > limit for limit, _ in weights.ages)
    return passed + (_hours(age) if weights.age_per_day else 0)


def _hours(age: float) -> int:
    return max(0, int(age // HOUR))


def step_age(step: int, weights: Weights) -> float | None:
    """Return the age in seconds that an entry must exceed to be beyond ``step``; None when there is no next step."""
    limits = [limit for limit, _ in weights.ages]
    if not weights.age_per_day:
        return limits[step] if step < len(limits) else None
    hours = [n * HOUR for n in range(1, step + 2)]
    return sorted([limit for limit in limits if limit <= hours[-1]] + hours)[step]


def score(entry: Scored, created: datetime, now: datetime, weights: Weights) -> Score:
    """Return how urgent an entry made at ``created`` is at ``now``.

    Language packs and rebuilds are worth what the weights say and nothing more, but for the archive's own score.
    A component that the weights don't name is worth nothing.
    """
    parts = _set_apart(entry, weights) or _usual(entry, (now - created).total_seconds(), weights)
    if entry.archive_score:
        parts = (*parts, ("archive", entry.archive_score))
    return Score(sum(worth for _, worth in parts), parts)


def _set_apart(entry: Scored, weights: Weights) -> tuple[tuple[str, int], ...]:
    if entry.section.rpartition("/")[2] == TRANSLATIONS:
        return (("language pack", weights.translations),)
    if entry.purpose is Purpose.REBUILD:
        return (("rebuild", weights.rebuild),)
    return ()


def _usual(entry: Scored, age: float, weights: Weights) -> tuple[tuple[str, int], ...]:
    parts = (
        ("urgency", weights.urgencies.get(entry.urgency, 0)),
        ("pocket", weights.pockets.get(entry.pocket, 0)),
        ("component", weights.components.get(entry.component, 0)),
        ("age", age_worth(age, weights)),
    )
    return (*parts, ("private", weights.private)) if entry.private else parts


def age_worth(age: float, weights: Weights) -> int:
    """Return what a wait of ``age`` seconds is worth."""
    steps = [worth for limit, worth in weights.ages if age > limit]
    return (steps[-1] if steps else 0) + int(weights.age_per_day * _hours(age) * HOUR / DAY)
