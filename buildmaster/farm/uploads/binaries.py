"""Decide whether an upload of binaries is accepted, and if not, say all the reasons."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from buildmaster.farm.uploads.packagefiles import (
    PACKAGE_NAME,
    FoundFile,
    ListedFile,
    Stanza,
    deb_name,
    differences,
    listed_files,
    unlisted,
)
from buildmaster.farm.vocabulary.contents import Content
from buildmaster.farm.vocabulary.filenames import is_safe
from buildmaster.farm.vocabulary.versions import is_version

KINDS = ("deb", "udeb", "ddeb")
CHANGES_FIELDS = ("Source", "Version", "Architecture", "Distribution", "Files", "Checksums-Sha256")
DEB_FIELDS = ("Package", "Version", "Architecture")
OUTSIDE = (".changes", ".buildinfo")  # may be there without being listed


@dataclass(frozen=True)
class ExpectedBuild:
    """What a build's results must be of."""

    build_id: int
    source: str
    version: str
    suite: str
    tag: str
    arch_indep: bool
    component: str = "main"


@dataclass(frozen=True)
class ReadFolder:
    """What lies in a folder of an upload: its files, and what its control files and binaries say.

    ``faults`` are of files that could not be read at all.
    """

    found: Mapping[str, FoundFile] = field(default_factory=dict)
    stanzas: Mapping[str, Stanza] = field(default_factory=dict)
    faults: tuple[str, ...] = ()

    @property
    def digests(self) -> dict[str, str]:
        """The SHA-256s of the files, by their names."""
        return {name: file.content.sha256 for name, file in self.found.items()}

    def of_kind(self, ending: str) -> list[Stanza]:
        """Return the control files whose names end so."""
        return [stanza for name, stanza in sorted(self.stanzas.items()) if name.endswith(ending)]


@dataclass(frozen=True)
class BinaryPackage:
    """A binary package to be recorded."""

    filename: str
    content: Content
    name: str
    version: str
    kind: str
    architecture: str
    component: str
    section: str
    priority: str
    provides: str
    control: str


def kind_of(filename: str) -> str:
    """Return ``deb``, ``udeb`` or ``ddeb``, or the empty string for another file."""
    _, dot, ending = filename.rpartition(".")
    return ending if dot and ending in KINDS else ""


def check_binaries(folder: ReadFolder, build: ExpectedBuild) -> tuple[str, ...]:
    """Return all reasons why these results of the build are refused, but for what its archive knows already."""
    changes = folder.of_kind(".changes")
    faults = [*folder.faults, *_name_faults(folder)]
    if len(changes) != 1:
        return (*faults, f"There must be one .changes file, and there are {len(changes)}.")
    listed, list_faults = listed_files(changes[0])
    faults += [*_changes_faults(changes[0], build), *list_faults, *_list_faults(folder, listed, changes[0].filename)]
    for name, stanza in sorted(folder.stanzas.items()):
        faults += _deb_faults(name, stanza, build) if kind_of(name) else []
    return (*faults, *_twin_faults(folder))


def known_faults(digests: Mapping[str, str], known: Mapping[str, str]) -> tuple[str, ...]:
    """Return a reason for each file whose name the archive knows for another content; both by SHA-256."""
    return tuple(
        f"{name} is already in the archive, with other content."
        for name, sha256 in sorted(digests.items())
        if known.get(name, sha256) != sha256
    )


def binaries_of(folder: ReadFolder, build: ExpectedBuild) -> tuple[BinaryPackage, ...]:
    """Return the packages of accepted results, in the order of their names."""
    listed, _ = listed_files(folder.of_kind(".changes")[0])
    return tuple(
        _package(folder.found[name], control, listed[name], build)
        for name, control in sorted(folder.stanzas.items())
        if kind_of(name)
    )


def split_section(section: str) -> tuple[str, str]:
    """Return the component (empty where it says none) and the section of ``universe/editors``."""
    component, slash, rest = section.rpartition("/")
    return (component, rest) if slash else ("", section)


def _package(file: FoundFile, control: Stanza, listed: ListedFile, build: ExpectedBuild) -> BinaryPackage:
    component, section = split_section(listed.section)
    return BinaryPackage(
        filename=file.name,
        content=file.content,
        name=control["Package"],
        version=control["Version"],
        kind=kind_of(file.name),
        architecture=control["Architecture"],
        component=component or build.component,
        section=section or "misc",
        priority=listed.priority or "optional",
        provides=control["Provides"],
        control=control.text,
    )


def _name_faults(folder: ReadFolder) -> list[str]:
    return [f"{name!r} is no safe file name." for name in sorted(folder.found) if not is_safe(name)]


def _changes_faults(changes: Stanza, build: ExpectedBuild) -> list[str]:
    if changes.fault is not None:
        return [f"{changes.filename} can't be read: {changes.fault}."]
    missing = changes.missing(CHANGES_FIELDS)
    misfits = [] if missing else _misfits(changes, build)
    if not misfits:
        return missing
    return [f"Attempt to upload binaries specifying build {build.build_id}, where they don't fit.", *misfits]


def _misfits(changes: Stanza, build: ExpectedBuild) -> list[str]:
    source, version = changes.source
    architectures = set(changes["Architecture"].split())
    strange = architectures - ({build.tag, "all"} if build.arch_indep else {build.tag})
    told = f"{changes.filename} is of"
    faults = [
        (source == build.source, f"{told} source {source}, not {build.source}."),
        (version == build.version, f"{told} version {version}, not {build.version}."),
        (changes["Distribution"] == build.suite, f"{told} suite {changes['Distribution']}, not {build.suite}."),
        (not strange, f"{told} architecture {' '.join(sorted(strange))}, which is not this build's."),
    ]
    return [fault for fits, fault in faults if not fits]


def _list_faults(folder: ReadFolder, listed: Mapping[str, ListedFile], at: str) -> list[str]:
    inside = [name for name in folder.found if not name.endswith(OUTSIDE)]
    weak = [f"{at} has no SHA-256 of {name}." for name, file in listed.items() if "sha256" not in file.digests]
    empty = [] if any(kind_of(name) for name in listed) else ["There is no binary package."]
    return [*differences(listed.values(), folder.found, at), *weak, *unlisted(inside, listed), *empty]


def _deb_faults(name: str, control: Stanza, build: ExpectedBuild) -> list[str]:
    if control.fault is not None:
        return [f"{name} can't be read: {control.fault}."]
    missing = control.missing(DEB_FIELDS)
    if missing:
        return missing
    source, version = control.source
    allowed = {build.tag, "all"} if build.arch_indep else {build.tag}
    faults = [
        (name == deb_name(control, kind_of(name)), f"{name} holds {deb_name(control, kind_of(name))}."),
        (PACKAGE_NAME.fullmatch(control["Package"]), f"{control['Package']!r} can't be the name of a package."),
        (is_version(control["Version"]), f"{control['Version']!r} is no version."),
        (control["Architecture"] in allowed, f"{name} is not for {build.tag}."),
        (source == build.source, f"{name} is of source {source}, not {build.source}."),
        (version == build.version, f"{name} is of version {version} of its source, not {build.version}."),
    ]
    return [fault for fits, fault in faults if not fits]


def _twin_faults(folder: ReadFolder) -> list[str]:
    """Return a reason for each package that is there in two versions: one build makes one."""
    made = Counter(
        (control["Package"], kind_of(name), control["Architecture"])
        for name, control in folder.stanzas.items()
        if kind_of(name) and control["Package"]
    )
    return [f"There are {count} of {name}.{kind} for {tag}." for (name, kind, tag), count in made.items() if count > 1]
