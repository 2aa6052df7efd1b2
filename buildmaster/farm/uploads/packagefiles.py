"""Read what .dsc and .changes files say of others, and compare it with what is there. No text makes this raise."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from buildmaster.farm.vocabulary.contents import Content
from buildmaster.farm.vocabulary.filenames import is_safe
from buildmaster.farm.vocabulary.versions import without_epoch

PACKAGE_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")
CHECKSUMS = {"Files": "md5", "Checksums-Sha1": "sha1", "Checksums-Sha256": "sha256"}
DIGEST = re.compile(r"[0-9a-f]+")
SHOWN = 255  # characters of a line that can't be read
SIZE = re.compile(r"[0-9]{1,15}")
SHORT, LONG = 3, 5  # words of a line: digest, size, (section, priority in Files of a .changes,) name
SOURCE = re.compile(r"(?P<name>\S+)(?:\s+\((?P<version>[^()\s]+)\))?")


@dataclass(frozen=True)
class Stanza:
    """The fields of one control file, or the ``fault`` that kept it from being read."""

    filename: str
    fields: Mapping[str, str] = field(default_factory=dict)
    fault: str | None = None
    text: str = ""

    def __getitem__(self, name: str) -> str:
        """Return a field, or the empty string."""
        return self.fields.get(name, "").strip()

    def missing(self, names: Iterable[str]) -> list[str]:
        """Return a reason for each of the fields that is not there."""
        return [f"{self.filename} has no field {name}." for name in names if not self[name]]

    @property
    def source(self) -> tuple[str, str]:
        """The name and the version of the source, that a binary may have in one field."""
        match = SOURCE.fullmatch(self["Source"] or self["Package"])
        return (match["name"], match["version"] or self["Version"]) if match else ("", self["Version"])


@dataclass(frozen=True)
class FoundFile:
    """A file that is there. ``md5`` is empty where nobody has computed it."""

    name: str
    content: Content
    md5: str

    def digest(self, kind: str) -> str:
        """Return one of its digests."""
        return {"md5": self.md5, "sha1": self.content.sha1, "sha256": self.content.sha256}[kind]


@dataclass(frozen=True)
class ListedFile:
    """A file as a .dsc or .changes lists it: its size, its digests by their kinds, and where it belongs."""

    name: str
    size: int
    digests: Mapping[str, str] = field(default_factory=dict)
    section: str = ""
    priority: str = ""


def listed_files(stanza: Stanza) -> tuple[dict[str, ListedFile], list[str]]:
    """Return the files that a stanza lists, by name, and what is wrong with its lists."""
    listed: dict[str, _Listing] = {}
    faults = []
    for title, kind in CHECKSUMS.items():
        for line in stanza[title].splitlines():
            fault = _read_line(listed, kind, line.split()) if line.strip() else ""
            faults += [f"{stanza.filename}, {title}: {fault}: {line.strip()[:SHOWN]!r}."] if fault else []
    return {name: ListedFile(name, each.size, each.digests, *each.place) for name, each in listed.items()}, faults


@dataclass
class _Listing:
    """What lines say of a file so far; ``place`` is its section and its priority."""

    size: int
    digests: dict[str, str] = field(default_factory=dict)
    place: Sequence[str] = ()


def _read_line(listed: dict[str, _Listing], kind: str, words: list[str]) -> str:
    """Add what one line says; return what is wrong with it, or the empty string."""
    if len(words) not in {SHORT, LONG} or not SIZE.fullmatch(words[1]):
        return "this line can't be read"
    digest, size, name = words[0].lower(), int(words[1]), words[-1]
    if not is_safe(name):
        return "this is no safe file name"
    if not DIGEST.fullmatch(digest):
        return "this is no checksum"
    file = listed.get(name) or _Listing(size)
    if file.size != size or kind in file.digests:
        return "this contradicts another line"
    file.place = words[2:-1] or file.place
    file.digests[kind] = digest
    listed[name] = file
    return ""


def differences(listed: Iterable[ListedFile], found: Mapping[str, FoundFile], at: str) -> list[str]:
    """Return a reason for each listed file that is not there, or not as ``at`` (a file's name) lists it."""
    return [reason for file in listed for reason in _difference(file, found.get(file.name), at)]


def _difference(listed: ListedFile, found: FoundFile | None, at: str) -> list[str]:
    if found is None:
        return [f"{listed.name}, which {at} lists, is missing."]
    if found.content.size != listed.size:
        return [f"{listed.name} has {found.content.size} bytes, not {listed.size} as {at} says."]
    return [
        f"{listed.name} has another {kind} than {at} says."
        for kind, digest in listed.digests.items()
        if found.digest(kind) not in {"", digest}
    ]


def unlisted(found: Collection[str], listed: Collection[str]) -> list[str]:
    """Return a reason for each file that is there and that nobody lists."""
    return [f"{name} is listed nowhere." for name in sorted(set(found) - set(listed))]


def deb_name(control: Stanza, kind: str) -> str:
    """Return the name that a binary of this control file must have. ``kind`` is deb, udeb or ddeb."""
    return f"{control['Package']}_{without_epoch(control['Version'])}_{control['Architecture']}.{kind}"
