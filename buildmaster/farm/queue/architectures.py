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
    return frozenset(named | nominated_of(nominated, tags)) if ALL in words else frozenset(named)


def nominated_of(nominated: str | None, tags: Collection[str]) -> set[str]:
    """Return the nominated architecture as a set, if the series has it."""
    return {nominated} if nominated is not None and nominated in tags else set()
