"""Compare how the builds of two archives ended: what builds there and not here, and the other way round."""

from collections.abc import Mapping
from dataclasses import dataclass

from buildmaster.farm.vocabulary.states import ENDED, BuildState

Spot = tuple[str, str, str]  # the names of a source and a series, the tag of an architecture


@dataclass(frozen=True)
class Outcome:
    """How the newest build of a source on an architecture is."""

    version: str
    state: BuildState


@dataclass(frozen=True)
class Difference:
    """A source that builds on an architecture in one archive only."""

    spot: Spot
    here: Outcome
    there: Outcome


def differences(here: Mapping[Spot, Outcome], there: Mapping[Spot, Outcome]) -> tuple[Difference, ...]:
    """Return what is built in one archive and ended otherwise in the other, by name; what isn't over is left out."""
    return tuple(
        Difference(spot, here[spot], there[spot])
        for spot in sorted(here.keys() & there.keys())
        if _differ(here[spot].state, there[spot].state)
    )


def _differ(one: BuildState, other: BuildState) -> bool:
    return {one, other} <= ENDED and (one is BuildState.FULLYBUILT) is not (other is BuildState.FULLYBUILT)
