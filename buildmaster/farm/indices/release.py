"""Read the Release file of an apt repository: which indices it has, and what they hold."""

from collections.abc import Iterable
from dataclasses import dataclass

from buildmaster.farm.indices.packages import stanzas

FORMS = (".xz", ".gz", "")  # of an index, the smallest first
WORDS = 3  # of a line: SHA-256, size, path


@dataclass(frozen=True)
class IndexPlace:
    """Where an index is, below its suite, and what it holds."""

    path: str
    sha256: str
    size: int


def packages_index(release: str, component: str, tag: str) -> IndexPlace | None:
    """Return the smallest form of the Packages index of a component and architecture; None where there is none."""
    listed = _listed(release.splitlines())
    for form in FORMS:
        found = listed.get(f"{component}/binary-{tag}/Packages{form}")
        if found is not None:
            return found
    return None


def _listed(lines: Iterable[str]) -> dict[str, IndexPlace]:
    stanza = next((each for each in stanzas(lines, {"SHA256"}) if each), {})
    rows = (line.split() for line in stanza.get("SHA256", "").splitlines())
    return {row[2]: IndexPlace(row[2], row[0], int(row[1])) for row in rows if len(row) == WORDS and row[1].isdecimal()}
