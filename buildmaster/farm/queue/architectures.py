"""Which architectures a source wants: its hint, dpkg's wildcards, and the Packages-arch-specific file."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from buildmaster.farm.vocabulary.archives import Pocket

ALL = "all"
ANY = "any"
CPU = "<cpu>"
PARTS = 4  # of dpkg's name of an architecture: its ABI, libc, kernel and CPU

Parts = tuple[str, ...]


@dataclass(frozen=True)
class ArchitectureFacts:
    """An architecture of a series: who can build for it, and the pockets that have a chroot of their own."""

    id: int
    tag: str
    processor_id: int
    supports_untrusted: bool = True
    chroots: frozenset[Pocket] = frozenset()

    def has_chroot(self, pocket: Pocket) -> bool:
        """Tell whether a build for ``pocket`` has a chroot: the pocket's own, or RELEASE's."""
        return bool(self.chroots & {pocket, Pocket.RELEASE})


@dataclass(frozen=True)
class ArchitectureTable:
    """dpkg's tables: of each architecture's tag, its ABI, libc, kernel and CPU."""

    parts: Mapping[str, Parts] = field(default_factory=dict)

    def covers(self, word: str, tag: str) -> bool:
        """Tell whether a word of a hint, a tag or a wildcard such as ``linux-any``, means the architecture ``tag``."""
        if word in {tag, ANY}:
            return True
        wanted, found = self._wildcard(word), self._parts(tag)
        return len(wanted) == len(found) and all(want in {ANY, part} for want, part in zip(wanted, found, strict=True))

    def _wildcard(self, word: str) -> Parts:
        parts = tuple(word.split("-"))
        if ANY in parts:
            return (ANY,) * (PARTS - len(parts)) + parts
        return self._parts(word.removeprefix("linux-"))

    def _parts(self, tag: str) -> Parts:
        """Return a tag's parts; a tag that dpkg doesn't know is taken for a CPU under Linux."""
        return self.parts.get(tag, ("base", "gnu", "linux", tag))


def architecture_table(cputable: str, tupletable: str) -> ArchitectureTable:
    """Return what dpkg's ``cputable`` and ``tupletable`` say, given their texts; the first line on a tag counts."""
    cpus = [words[0] for words in _rows(cputable)]
    found: dict[str, Parts] = {}
    for parts, tag in (words[:2] for words in _rows(tupletable)):
        for cpu in cpus if CPU in parts else [""]:
            found.setdefault(tag.replace(CPU, cpu), tuple(parts.replace(CPU, cpu).split("-")))
    return ArchitectureTable(found)


def _rows(table: str) -> Iterator[list[str]]:
    lines = (line.split("#")[0].split() for line in table.splitlines())
    return (words for words in lines if words)


def wanted(hint: str, tags: Collection[str], nominated: str | None, table: ArchitectureTable) -> frozenset[str]:
    """Return those of a series' ``tags`` that a source with this ``hint`` is built on.

    ``hint`` is the Architecture field of the source's .dsc. The ``nominated`` architecture builds what is for all.
    """
    words = hint.split()
    named = {tag for tag in tags if any(word != ALL and table.covers(word, tag) for word in words)}
    return frozenset(named | _of(nominated, tags)) if ALL in words else frozenset(named)


def _of(nominated: str | None, tags: Collection[str]) -> set[str]:
    return {nominated} if nominated is not None and nominated in tags else set()


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
    return frozenset(kept if line.of_source else kept | _of(nominated, tags))
