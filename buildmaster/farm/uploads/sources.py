"""Decide whether an upload of a source is accepted, and if not, say all the reasons."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from buildmaster.farm.uploads.binaries import OUTSIDE, ReadFolder, kind_of, split_section
from buildmaster.farm.uploads.packagefiles import (
    PACKAGE_NAME,
    FoundFile,
    Stanza,
    differences,
    listed_files,
    unlisted,
)
from buildmaster.farm.vocabulary.archives import Urgency
from buildmaster.farm.vocabulary.contents import Content
from buildmaster.farm.vocabulary.filenames import is_safe
from buildmaster.farm.vocabulary.versions import is_version, version_key, without_epoch

CHANGES_FIELDS = ("Source", "Version", "Architecture", "Distribution", "Files", "Checksums-Sha256")
DSC_FIELDS = ("Format", "Source", "Version", "Architecture", "Files")
COMPONENT = re.compile(r"[a-z0-9][a-z0-9-]*")
SECTION = re.compile(r"[a-z0-9][a-z0-9+.-]*")
URGENCIES = {urgency.name.lower(): urgency for urgency in Urgency} | {"critical": Urgency.EMERGENCY}
TAR = r"\.tar\.(?:gz|bz2|xz|lzma)"
ORIG = rf"\.orig(?:-[A-Za-z0-9-]+)?{TAR}"
FORMATS: dict[str, tuple[tuple[str, ...], ...]] = {  # for each way to lay a format out: what files it must have
    "1.0": ((r"\.orig\.tar\.gz", r"\.diff\.gz"), (r"\.tar\.gz",)),
    "3.0 (native)": ((TAR,),),
    "3.0 (quilt)": ((rf"\.orig{TAR}", rf"\.debian{TAR}"),),
}
BESIDE = rf"{TAR}\.asc|{ORIG}(?:\.asc)?"  # what may come with any of them


@dataclass(frozen=True)
class SourcePlace:
    """Where a source is to be published, and what the archive has by these names.

    ``published`` are the versions that are active in the suite. ``closed`` is why nothing may come in, or empty.
    ``named``: the .changes must name the suite, for its uploader is not here to say it.
    """

    archive: str
    suite: str
    published: tuple[str, ...] = ()
    known: Mapping[str, Content] = field(default_factory=dict)
    closed: str = ""
    named: bool = False


@dataclass(frozen=True)
class Wish:
    """What the uploader says of a source, over what its files say. An empty word says nothing."""

    component: str = ""
    section: str = ""
    urgency: str = ""


@dataclass(frozen=True)
class SourcePackage:
    """A source to be recorded, with its files by their names."""

    name: str
    version: str
    component: str
    section: str
    urgency: Urgency
    architecturehintlist: str
    builddepends: str
    builddependsindep: str
    binaries: str
    maintainer: str
    changed_by: str
    files: Mapping[str, Content]


def check_source(folder: ReadFolder, place: SourcePlace, wish: Wish) -> tuple[str, ...]:
    """Return all reasons why the source is refused; none where it is accepted."""
    changes, dscs = folder.of_kind(".changes"), folder.of_kind(".dsc")
    faults = [*folder.faults, *([place.closed] if place.closed else []), *_wish_faults(wish)]
    faults += [fault for stanza in changes for fault in _changes_faults(stanza, folder, place)]
    if len(dscs) != 1 or len(changes) > 1:
        return (*faults, "There must be one .dsc file and at most one .changes file.")
    dsc = dscs[0]
    if dsc.fault is not None:
        return (*faults, f"{dsc.filename} can't be read: {dsc.fault}.")
    faults += _dsc_faults(dsc, folder, place)
    faults += [fault for stanza in changes for fault in _disagreements(stanza, dsc)]
    return tuple(dict.fromkeys(faults))


def source_of(folder: ReadFolder, place: SourcePlace, wish: Wish) -> SourcePackage:
    """Return the source of an accepted upload."""
    changes, dsc = next(iter(folder.of_kind(".changes")), Stanza("")), folder.of_kind(".dsc")[0]
    component, section = split_section(wish.section or _told_section(changes, dsc))
    files = {name: _content(name, folder, place) for name in (dsc.filename, *listed_files(dsc)[0])}
    return SourcePackage(
        name=dsc["Source"],
        version=dsc["Version"],
        component=wish.component or component or "main",
        section=section or "misc",
        urgency=URGENCIES.get(_urgency(wish, changes), Urgency.MEDIUM),
        architecturehintlist=" ".join(dsc["Architecture"].split()),
        builddepends=_joined(dsc["Build-Depends"], dsc["Build-Depends-Arch"]),
        builddependsindep=_joined(dsc["Build-Depends-Indep"]),
        binaries=" ".join(dsc["Binary"].replace(",", " ").split()),
        maintainer=dsc["Maintainer"],
        changed_by=changes["Changed-By"],
        files=files,
    )


def _content(name: str, folder: ReadFolder, place: SourcePlace) -> Content:
    return folder.found[name].content if name in folder.found else place.known[name]


def _urgency(wish: Wish, changes: Stanza) -> str:
    words = (wish.urgency or changes["Urgency"]).lower().split()
    return words[0].rstrip(";,") if words else ""


def _joined(*relations: str) -> str:
    return ", ".join(" ".join(relation.split()).rstrip(", ") for relation in relations if relation)


def _told_section(changes: Stanza, dsc: Stanza) -> str:
    """Return the section of the source: the .changes says it with the .dsc, the .dsc in its Section or Package-List."""
    listed = listed_files(changes)[0].get(dsc.filename)
    if listed is not None and listed.section not in {"", "-"}:
        return listed.section
    packages = [line.split() for line in dsc["Package-List"].splitlines()]
    return next((words[2] for words in packages if words[2:]), dsc["Section"])


def _wish_faults(wish: Wish) -> list[str]:
    faults = [
        (not wish.component or COMPONENT.fullmatch(wish.component), f"{wish.component!r} can't be a component."),
        (not wish.section or SECTION.fullmatch(wish.section), f"{wish.section!r} can't be a section."),
        (not wish.urgency or wish.urgency in URGENCIES, f"{wish.urgency!r} is no urgency: {', '.join(URGENCIES)}."),
    ]
    return [fault for fits, fault in faults if not fits]


def _changes_faults(changes: Stanza, folder: ReadFolder, place: SourcePlace) -> list[str]:
    if changes.fault is not None:
        return [f"{changes.filename} can't be read: {changes.fault}."]
    listed, faults = listed_files(changes)
    faults += changes.missing(CHANGES_FIELDS)
    faults += [
        f"{name} is a binary: upload sources, the builders make the binaries." for name in listed if kind_of(name)
    ]
    if changes["Architecture"] not in {"", "source"}:
        faults.append(f"{changes.filename} is of architecture {changes['Architecture']}, not of source alone.")
    if place.named and changes["Distribution"] not in {"", place.suite}:
        faults.append(f"{changes.filename} is of suite {changes['Distribution']}, not {place.suite}.")
    inside = [name for name in folder.found if not name.endswith(OUTSIDE)]
    present = [file for file in listed.values() if not kind_of(file.name)]
    return [*faults, *differences(present, _with_known(folder, place), changes.filename), *unlisted(inside, listed)]


def _dsc_faults(dsc: Stanza, folder: ReadFolder, place: SourcePlace) -> list[str]:
    listed, faults = listed_files(dsc)
    faults += dsc.missing(DSC_FIELDS)
    if not is_version(dsc["Version"]):
        faults.append(f"{dsc['Version']!r} is no version.")
    elif not faults:
        faults += [*_shape_faults(dsc, [name for name in listed if not kind_of(name)]), *_version_faults(dsc, place)]
    if not PACKAGE_NAME.fullmatch(dsc["Source"]):
        faults.append(f"{dsc['Source']!r} can't be the name of a source.")
    faults += differences(listed.values(), _with_known(folder, place), dsc.filename)
    return [*faults, *_known_faults(folder, place)]


def _shape_faults(dsc: Stanza, names: list[str]) -> list[str]:
    """Return what is wrong with the names of the files, for their format."""
    source, version = dsc["Source"], without_epoch(dsc["Version"])
    faults = [] if dsc.filename == f"{source}_{version}.dsc" else [f"{dsc.filename} holds {source}_{version}.dsc."]
    if dsc["Format"] not in FORMATS:
        return [*faults, f"{dsc.filename} is of format {dsc['Format']}, not one of {', '.join(FORMATS)}."]
    upstream = version.rpartition("-")[0] or version
    starts = re.compile(rf"{re.escape(source)}_(?:{re.escape(version)}|{re.escape(upstream)})")
    rests = [starts.sub("", name, count=1) if starts.match(name) else name for name in names]
    if any(_fits(rests, layout) for layout in FORMATS[dsc["Format"]]):
        return faults
    return [*faults, f"{dsc.filename} has not the files of format {dsc['Format']}: {', '.join(names)}."]


def _fits(rests: list[str], layout: tuple[str, ...]) -> bool:
    """Tell whether the names have each part of the layout once, and beside it only what may come with it."""
    counts = [sum(re.fullmatch(part, rest) is not None for rest in rests) for part in layout]
    known = re.compile("|".join((*layout, BESIDE)))
    return counts == [1] * len(layout) and all(known.fullmatch(rest) for rest in rests)


def _version_faults(dsc: Stanza, place: SourcePlace) -> list[str]:
    newest = max(filter(is_version, place.published), key=version_key, default="")
    if not newest or version_key(newest) < version_key(dsc["Version"]):
        return []
    return [f"{dsc['Source']} {dsc['Version']} is not newer than {newest}, which {place.archive} has in {place.suite}."]


def _disagreements(changes: Stanza, dsc: Stanza) -> list[str]:
    if changes.fault is not None:
        return []
    said, true = changes.source, (dsc["Source"], dsc["Version"])
    listed = listed_files(changes)[0]
    faults = [] if said == true else [f"{changes.filename} is of {' '.join(said)}, {dsc.filename} of {' '.join(true)}."]
    return faults if dsc.filename in listed else [*faults, f"{changes.filename} does not list {dsc.filename}."]


def _with_known(folder: ReadFolder, place: SourcePlace) -> dict[str, FoundFile]:
    """Return what is there or in the archive: an .orig.tar that the archive has need not be uploaded again."""
    known = {name: FoundFile(name, content, "") for name, content in place.known.items() if ".orig" in name}
    return known | dict(folder.found)


def _known_faults(folder: ReadFolder, place: SourcePlace) -> list[str]:
    return [
        f"{name} is already in the archive, with other content."
        for name, file in sorted(folder.found.items())
        if is_safe(name) and name in place.known and place.known[name].sha256 != file.content.sha256
    ]
