"""Read apt's indices: what a Packages index offers, in a form that is small and quick to search."""

from collections.abc import Collection, Iterable, Iterator

from buildmaster.farm.queue.depends import provided

FIELDS = frozenset({"Package", "Version", "Provides"})


def stanzas(lines: Iterable[str], fields: Collection[str]) -> Iterator[dict[str, str]]:
    """Yield the paragraphs of a control file, each with those of the ``fields`` that it has.

    The lines of a field that goes over several are joined by newlines.
    """
    stanza: dict[str, str] = {}
    field = ""
    for line in lines:
        if line[:1] in {" ", "\t"}:
            if field:
                stanza[field] += "\n" + line.strip()
        elif line.strip():
            name, _, value = line.partition(":")
            field = name if name in fields else ""
            if field:
                stanza[field] = value.strip()
        elif stanza:
            yield stanza
            stanza, field = {}, ""
    if stanza:
        yield stanza


def offer_lines(packages: Iterable[str]) -> Iterator[str]:
    """Yield a line for each name that a Packages index offers: the name, a tab, its version (none: provided bare)."""
    for stanza in stanzas(packages, FIELDS):
        if "Package" in stanza and "Version" in stanza:
            yield f"{stanza['Package']}\t{stanza['Version']}\n"
            for name, version in provided(stanza.get("Provides", "")):
                yield f"{name}\t{version or ''}\n"


def find_offers(lines: Iterable[str], names: Collection[str]) -> dict[str, set[str | None]]:
    """Return what ``offer_lines`` wrote about some names: their versions, None where one is provided bare."""
    found: dict[str, set[str | None]] = {}
    for line in lines:
        name, _, version = line.rstrip("\n").partition("\t")
        if name in names:
            found.setdefault(name, set()).add(version or None)
    return found
