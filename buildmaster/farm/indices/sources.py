"""Read apt's indices of sources: what each stanza says of a source package, or what is wrong with it."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from buildmaster.farm.indices.packages import stanzas
from buildmaster.farm.uploads.packagefiles import DIGEST, PACKAGE_NAME
from buildmaster.farm.vocabulary.filenames import is_safe
from buildmaster.farm.vocabulary.pockets import OGRE
from buildmaster.farm.vocabulary.versions import is_version

SHA256 = 64  # hexadecimal digits
FIELDS = frozenset(
    {
        "Package",
        "Version",
        "Binary",
        "Architecture",
        "Section",
        "Maintainer",
        "Build-Depends",
        "Build-Depends-Arch",
        "Build-Depends-Indep",
        "Directory",
        "Checksums-Sha256",
        "Extra-Source-Only",
    },
)


@dataclass(frozen=True, slots=True)
class IndexedFile:
    """A file of a source package, as the index lists it."""

    filename: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class IndexedSource:
    """A source package, as a stanza of the index says. ``directory`` is where its files are, below the archive."""

    name: str
    version: str
    hint: str
    component: str
    section: str
    binaries: str
    maintainer: str
    builddepends: str
    builddependsindep: str
    directory: str
    files: tuple[IndexedFile, ...]

    @property
    def dsc(self) -> str:
        """Where the .dsc is, below the archive."""
        names = [file.filename for file in self.files if file.filename.endswith(".dsc")]
        return f"{self.directory}/{names[0]}"


@dataclass(frozen=True)
class BadStanza:
    """A stanza that is no source package, and why."""

    name: str
    reason: str


def read_sources(
    lines: Iterable[str],
    component: str | None = None,
    only: Collection[str] = (),
) -> Iterator[IndexedSource | BadStanza]:
    """Yield the sources of an index, but those that are there for their licence only (``Extra-Source-Only``).

    ``component`` wins over what each stanza says; ``only`` names the sources that are wanted, all if it is empty.
    """
    for stanza in stanzas(lines, FIELDS):
        if stanza.get("Extra-Source-Only") != "yes" and (not only or stanza.get("Package") in only):
            yield _source(stanza, component)


def _source(stanza: dict[str, str], component: str | None) -> IndexedSource | BadStanza:
    files = tuple(_files(stanza.get("Checksums-Sha256", "")))
    reason = _fault(stanza, files)
    if reason is not None:
        return BadStanza(stanza.get("Package", "?"), reason)
    depends = (stanza.get(field, "") for field in ("Build-Depends", "Build-Depends-Arch"))
    return IndexedSource(
        name=stanza["Package"],
        version=stanza["Version"],
        hint=" ".join(stanza["Architecture"].split()),
        component=component or _component(stanza),
        section=stanza.get("Section", "").rpartition("/")[2] or "misc",
        binaries=" ".join(stanza.get("Binary", "").replace(",", " ").split()),
        maintainer=stanza.get("Maintainer", ""),
        builddepends=_on_one_line(depends),
        builddependsindep=_on_one_line([stanza.get("Build-Depends-Indep", "")]),
        directory=stanza["Directory"].strip("/"),
        files=files,
    )


def _on_one_line(fields: Iterable[str]) -> str:
    return ", ".join(" ".join(field.split()).rstrip(",") for field in fields if field.strip())


def _files(lines: str) -> Iterator[IndexedFile]:
    for line in lines.split("\n"):
        words = line.split()
        if len(words) == len(IndexedFile.__slots__) and words[1].isdecimal():
            yield IndexedFile(words[2], words[0].lower(), int(words[1]))


def _fault(stanza: dict[str, str], files: tuple[IndexedFile, ...]) -> str | None:
    """Return why the stanza is no source package; None if it is one."""
    for wrong, reason in (
        (not PACKAGE_NAME.fullmatch(stanza.get("Package", "")), "its name is no package name"),
        (not is_version(stanza.get("Version", "")), "its version is none"),
        (not stanza.get("Architecture", "").split(), "it has no Architecture"),
        (".." in stanza.get("Directory", "..").split("/"), "it has no safe Directory"),
        (sum(file.filename.endswith(".dsc") for file in files) != 1, "it lists no single .dsc by SHA-256"),
        (not all(map(_is_safe, files)), "a file's name or SHA-256 is none"),
    ):
        if wrong:
            return reason
    return None


def _is_safe(file: IndexedFile) -> bool:
    return is_safe(file.filename) and len(file.sha256) == SHA256 and DIGEST.fullmatch(file.sha256) is not None


def _component(stanza: dict[str, str]) -> str:
    """Return the component: of the section (``universe/games``), or of the pool (``pool/contrib/...``), or main."""
    prefix = stanza.get("Section", "").rpartition("/")[0]
    pool = [part for part in stanza["Directory"].split("/")[:2] if part in OGRE]
    return prefix or (pool[0] if pool else "main")
