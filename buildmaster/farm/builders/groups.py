"""The groups of builders: those of one processor."""

from collections.abc import Iterable

from buildmaster.farm.builders.facts import BuilderFacts


def unserved(builders: Iterable[BuilderFacts]) -> frozenset[str]:
    """Return the processors none of whose builders is in service."""
    kinds: set[str] = set()
    served: set[str] = set()
    for builder in builders:
        kinds.update(builder.processors)
        if builder.builderok and not builder.manual:
            served.update(builder.processors)
    return frozenset(kinds - served)
