"""The builders of one processor, and which of them can be given work now."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from buildmaster.farm.dispatching import Candidate
from buildmaster.farm.facts import BuilderFacts


@dataclass(frozen=True)
class BuilderGroup:
    """Builders that have a processor in common, in the order in which they are taken."""

    processor: str
    builders: tuple[Candidate, ...] = ()

    def first_available(self, *, trusted: bool) -> Candidate | None:
        """Return the first that can take a build of this trust now; None if there is none."""
        return next(iter(self._available(trusted)), None)

    def count_available(self, *, trusted: bool) -> int:
        """Return how many can take a build of this trust now: nobody sick, manual, busy or of the other trust."""
        return len(self._available(trusted))

    @property
    def in_service(self) -> bool:
        """Whether any of them is neither failed nor set to manual, be it busy or not."""
        return any(builder.builderok and not builder.manual for builder in self.builders)

    def _available(self, trusted: bool) -> list[Candidate]:
        return [builder for builder in self.builders if builder.trusted is trusted and builder.hindrance is None]


def groups_of(builders: Iterable[Candidate]) -> dict[str, BuilderGroup]:
    """Return the groups by the names of their processors; a builder with several is in several."""
    members: dict[str, list[Candidate]] = defaultdict(list)
    for builder in sorted(builders, key=lambda builder: (len(builder.processors), builder.name)):
        for processor in builder.processors:
            members[processor].append(builder)
    return {processor: BuilderGroup(processor, tuple(found)) for processor, found in members.items()}


def unserved(builders: Iterable[BuilderFacts]) -> frozenset[str]:
    """Return the processors none of whose builders is in service."""
    kinds: set[str] = set()
    served: set[str] = set()
    for builder in builders:
        kinds.update(builder.processors)
        if builder.builderok and not builder.manual:
            served.update(builder.processors)
    return frozenset(kinds - served)
