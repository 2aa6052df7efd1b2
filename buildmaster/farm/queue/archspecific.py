"""Packages-arch-specific: which sources are built on which architectures only, whatever they say themselves."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from buildmaster.farm.queue.architectures import ArchitectureTable, nominated_of


@dataclass(frozen=True)
class PasLine:
    """One line of a Packages-arch-specific file: the architectures that a package is (or is not) for."""

    number: int
    name: str
    of_source: bool
    words: tuple[str, ...]
    excludes: bool

    def permits(self, tag: str, table: ArchitectureTable) -> bool:
        """Tell whether the line lets its package be built on ``tag``."""
        return any(table.covers(word, tag) for word in self.words) is not self.excludes


@dataclass(frozen=True)
class ArchSpecific:
    """A Packages-arch-specific file. ``faults`` are its lines that say nothing, each with its number."""

    sources: Mapping[str, PasLine] = field(default_factory=dict)
    binaries: Mapping[str, PasLine] = field(default_factory=dict)
    faults: tuple[str, ...] = ()

    def line_for(self, source: str, binaries: Collection[str]) -> PasLine | None:
        """Return the last line about a source: its own, or the one on the only binary package that it makes."""
        lines = [self.sources.get(source)]
        if len(binaries) == 1:
            lines.append(self.binaries.get(*binaries))
        return max((line for line in lines if line), key=lambda line: line.number, default=None)


NO_ARCH_SPECIFIC = ArchSpecific()


def read_arch_specific(text: str) -> ArchSpecific:
    """Parse a Packages-arch-specific file: ``name: tag tag``, ``%`` before a source's name, ``!`` to exclude.

    A ``!`` anywhere makes the whole line a list of exclusions. A later line on the same package wins.
    """
    lines, faults = [], []
    for number, words in enumerate(text.splitlines(), start=1):
        said = words.split("#")[0].strip()
        if ":" in said:
            lines.append(_pas_line(number, said))
        elif said:
            faults.append(f"{number}: no colon in {said!r}")
    return ArchSpecific(
        {line.name: line for line in lines if line.of_source},
        {line.name: line for line in lines if not line.of_source},
        tuple(faults),
    )


def _pas_line(number: int, said: str) -> PasLine:
    name, _, tags = said.partition(":")
    words = tuple(tags.replace("!", " ").split())
    return PasLine(number, name.strip().lstrip("%").strip(), name.startswith("%"), words, "!" in tags)


def permitted(
    line: PasLine | None,
    tags: Collection[str],
    nominated: str | None,
    table: ArchitectureTable,
) -> frozenset[str]:
    """Return those of ``tags`` that a line of Packages-arch-specific permits.

    A line on a binary package never takes the nominated architecture away: it builds the source's packages for all.
    """
    if line is None:
        return frozenset(tags)
    kept = {tag for tag in tags if line.permits(tag, table)}
    return frozenset(kept if line.of_source else kept | nominated_of(nominated, tags))
