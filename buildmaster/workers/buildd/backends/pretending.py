"""Make small real packages, and the .changes that lists them, of a source that nobody has built."""

import hashlib
import io
import tarfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any  # Any: a field of a .dsc is text, or the table that Package-List is

from debian.deb822 import Dsc

from buildmaster.workers.buildd.orders import Order

AR_MAGIC = b"!<arch>\n"
NOBODY = "nobody <nobody@localhost>"


def make_results(order: Order) -> tuple[Path, ...]:
    """Return the .changes and the packages that ``order`` would leave; nothing where it has none for its tag."""
    with (order.folder / order.dsc).open("rb") as file:
        dsc = Dsc(file)
    debs = [_make_deb(order.folder, dsc, name, tag) for name, tag in binaries(dsc, order.tag, order.indep)]
    if not debs:
        return ()
    order.changes.write_text(_changes(order, dsc, debs))
    return (order.changes, *debs)


def binaries(dsc: Mapping[str, Any], tag: str, indep: bool) -> list[tuple[str, str]]:
    """Return (name, architecture) of the packages that a build for ``tag`` makes."""
    listed = [(entry["package"], _tags_of(entry)) for entry in dsc.get("Package-List", [])]
    names = [name.strip() for name in dsc.get("Binary", "").split(",")]
    wanted = listed or [(name, dsc.get("Architecture", "any")) for name in names if name]
    chosen = [(name, "all" if tags == "all" else tag) for name, tags in wanted]
    return [(name, chosen_tag) for name, chosen_tag in chosen if indep or chosen_tag != "all"]


def _tags_of(entry: Mapping[str, str]) -> str:
    """Return the architectures of an entry of Package-List, whose last words are like ``arch=amd64,i386``."""
    words = entry.get("_other", "").split()
    return next((word.removeprefix("arch=") for word in words if word.startswith("arch=")), "any")


def _make_deb(folder: Path, dsc: Mapping[str, Any], name: str, tag: str) -> Path:
    version = dsc["Version"]
    control = (
        f"Package: {name}\nSource: {dsc['Source']}\nVersion: {version}\nArchitecture: {tag}\n"
        f"Maintainer: {dsc.get('Maintainer', NOBODY)}\nSection: misc\nPriority: optional\n"
        f"Description: pretended package\n Nobody built it.\n"
    )
    members = [
        ("debian-binary", b"2.0\n"),
        ("control.tar.gz", _tar({"./control": control.encode()})),
        ("data.tar.gz", _tar({f"./usr/share/doc/{name}/README": f"{name} {version} {tag}\n".encode()})),
    ]
    path = folder / f"{name}_{without_epoch(version)}_{tag}.deb"
    path.write_bytes(AR_MAGIC + b"".join(_ar_member(*member) for member in members))
    return path


def without_epoch(version: str) -> str:
    """Return a version as it stands in file names."""
    return version.partition(":")[2] or version


def _tar(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def _ar_member(name: str, content: bytes) -> bytes:
    head = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n"
    return head.encode() + content + b"\n" * (len(content) % 2)


def _changes(order: Order, dsc: Mapping[str, Any], debs: list[Path]) -> str:
    names = [path.name.split("_")[0] for path in debs]
    tags = sorted({path.stem.rsplit("_", 1)[1] for path in debs})
    lines = [
        "Format: 1.8",
        f"Date: {format_datetime(datetime.now(UTC))}",
        f"Source: {dsc['Source']}",
        f"Binary: {' '.join(names)}",
        f"Architecture: {' '.join(tags)}",
        f"Version: {dsc['Version']}",
        f"Distribution: {order.suite}",
        "Urgency: medium",
        f"Maintainer: {dsc.get('Maintainer', NOBODY)}",
        "Description:",
        *(f" {name} - pretended package" for name in names),
        "Changes:",
        f" {dsc['Source']} ({dsc['Version']}) {order.suite}; urgency=medium",
        " .",
        "   * Nobody built it.",
        *_sums("Checksums-Sha1", "sha1", debs, ""),
        *_sums("Checksums-Sha256", "sha256", debs, ""),
        *_sums("Files", "md5", debs, "misc optional "),
    ]
    return "\n".join(lines) + "\n"


def _sums(field: str, algorithm: str, debs: list[Path], section: str) -> Iterable[str]:
    yield f"{field}:"
    for path in debs:
        content = path.read_bytes()
        yield f" {hashlib.new(algorithm, content).hexdigest()} {len(content)} {section}{path.name}"
