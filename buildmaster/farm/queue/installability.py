"""Ask Debian's solver, dose-builddebcheck, which builds can't have their build-dependencies: its input, its report."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from buildmaster.farm.queue.depends import RelationError, parse_relations

FIELD = re.compile(r" {2}(package|version): (.*)")
UNMET = re.compile(r" +unsat-dependency: (.*)")
QUALIFIER = re.compile(r":[a-z0-9-]+(?= |$)")  # the architecture that the solver adds to each name
CONFLICT = "they conflict with each other"


@dataclass(frozen=True)
class WaitingSource:
    """A build that waits, and the build-dependencies of its source."""

    build_id: int
    name: str
    version: str
    builddepends: str


def sources_stanzas(sources: Iterable[WaitingSource]) -> Iterator[str]:
    """Yield a stanza of a Sources index for each build; those whose dependencies can't be read are left out."""
    for source in sources:
        depends = " ".join(source.builddepends.split())
        if _is_readable(depends):
            head = f"Package: {source.name}\nVersion: {source.version}\nArchitecture: any\n"
            yield f"{head}Build-Depends: {depends}\n\n" if depends else f"{head}\n"


def _is_readable(line: str) -> bool:
    try:
        parse_relations(line)
    except RelationError:
        return False
    return True


def unmet_dependencies(report: Iterable[str]) -> dict[tuple[str, str], str]:
    """Return what the solver's report says to be not installable, by the names and versions of the sources."""
    found: dict[tuple[str, str], list[str]] = {}
    fields = {"package": "", "version": ""}
    for line in report:
        field, unmet = FIELD.fullmatch(line.rstrip()), UNMET.fullmatch(line.rstrip())
        if field is not None:
            fields[field[1]] = field[2]
        if field is not None and field[1] == "version":
            found.setdefault((fields["package"], fields["version"]), [])
        elif unmet is not None:
            found.setdefault((fields["package"], fields["version"]), []).append(QUALIFIER.sub("", unmet[1]))
    return {source: ", ".join(dict.fromkeys(unmet)) or CONFLICT for source, unmet in found.items()}
