"""Read what lies in a folder of an upload, once, into values; nothing in it can make this raise.

A .deb may come from a builder that nobody trusts. So its ar container is read strictly and by ourselves, since a
negative size in one would send python-debian round for ever, and its control part is unpacked up to a limit.
"""

import hashlib
import io
import lzma
import os
import subprocess
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from debian.deb822 import Deb822

from buildmaster.errors import BuildmasterError
from buildmaster.farm.uploads.binaries import ReadFolder, kind_of
from buildmaster.farm.uploads.packagefiles import FoundFile, Stanza, listed_files
from buildmaster.files.writing import SMALL, Digests, chunks

LARGEST_STANZA = 4 << 20  # bytes of a .dsc or .changes; the largest in Debian have about one mebibyte
LARGEST_CONTROL = 16 << 20  # bytes of the control part of a .deb, packed and unpacked
MAGIC = b"!<arch>\n"
HEADER = 60  # bytes
MEMBERS = 3  # that are looked at: debian-binary, control.tar, data.tar (deb(5))
UNPACK_LIMIT = 60  # seconds
TROUBLES = (
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    ValueError,
    OverflowError,
    LookupError,
    OSError,
    subprocess.SubprocessError,
)
READ = (".dsc", ".changes")
UNWRITABLE = 0o555  # the bits of a mode that a file keeps when it is sealed


class ChangedMeanwhileError(BuildmasterError):
    """A file is not what it was when it was judged."""


class _UnreadableError(Exception):
    """A file is not what its name says; the message says why."""


@dataclass(frozen=True)
class Mark:
    """What tells whether a file is still the one that was read."""

    device: int
    inode: int
    size: int
    changed: int  # nanoseconds


@dataclass(frozen=True)
class MarkedFolder:
    """A folder that was read, and the marks of its files from before that, by their names."""

    read: ReadFolder
    marks: Mapping[str, Mark]


def read_folder(folder: Path, skip: frozenset[str] = frozenset()) -> ReadFolder:
    """Return what lies in ``folder``, except for the names in ``skip``."""
    return read_marked(folder, skip).read


def read_marked(folder: Path, skip: frozenset[str] = frozenset()) -> MarkedFolder:
    """Return what lies in ``folder``, except for the names in ``skip``; every file is opened once."""
    faults, found, stanzas, marks = [], {}, {}, {}
    with os.scandir(folder) as entries:
        there = sorted((entry.name, entry.is_file(follow_symlinks=False)) for entry in entries)
    for name, regular in there:
        if name in skip:
            continue
        if not regular:
            faults.append(f"{name!r} is no regular file.")
            continue
        with _opened(folder, name) as file:
            marks[name] = _mark_of(file)
            found[name], held = _read_through(name, file, marks[name].size)
            if name.endswith(READ) or kind_of(name):
                stanzas[name] = _stanza_in(name, _begun_anew(file) if held is None else io.BytesIO(held))
    return MarkedFolder(ReadFolder(found, stanzas, tuple(faults)), marks)


def seal(folder: Path, name: str, mark: Mark) -> None:
    """Make a file that was read read-only, and flush it to the disk; raise ChangedMeanwhileError for another one.

    From then on nobody edits it in place by accident. One that was read-only from its beginning is flushed already.
    """
    now = (folder / name).lstat()
    if _mark_in(now) == mark and not now.st_mode & ~UNWRITABLE & 0o777:
        return
    with _opened(folder, name) as file:
        os.fchmod(file.fileno(), os.fstat(file.fileno()).st_mode & UNWRITABLE)
        if _mark_of(file) != mark:
            raise ChangedMeanwhileError(f"{name} was changed while it was taken in.")
        os.fdatasync(file.fileno())


def upload_of(file: Path) -> list[str]:
    """Return the names of the files that belong to a .changes or .dsc and lie beside it; its own is the last.

    What a .dsc that is listed lists itself belongs to it too: an .orig.tar may be listed there alone.
    """
    names = set(listed_files(read_stanza(file))[0])
    for dsc in [name for name in names if name.endswith(".dsc") and (file.parent / name).is_file()]:
        names |= set(listed_files(read_stanza(file.parent / dsc))[0])
    return [*sorted(name for name in names - {file.name} if (file.parent / name).is_file()), file.name]


def read_stanza(path: Path) -> Stanza:
    """Return the fields of a .dsc or .changes; a signature around them is not looked at here."""
    with path.open("rb") as file:
        return _stanza_of(path.name, file)


def parse_stanza(filename: str, written: bytes) -> Stanza:
    """Return the fields of the first paragraph."""
    try:
        text = written.decode()
        fields = dict(Deb822(text))
    except UnicodeDecodeError:
        return Stanza(filename, fault="it is not UTF-8")
    except (ValueError, EOFError) as error:
        return Stanza(filename, fault=str(error) or "it has no fields")
    if not fields:
        return Stanza(filename, fault="it has no fields")
    return Stanza(filename, {str(name): str(value) for name, value in fields.items()}, text=text)


def _opened(folder: Path, name: str) -> BinaryIO:
    return os.fdopen(os.open(f"{folder}/{name}", os.O_RDONLY | os.O_NOFOLLOW), "rb")


def _mark_of(file: BinaryIO) -> Mark:
    return _mark_in(os.fstat(file.fileno()))


def _mark_in(status: os.stat_result) -> Mark:
    return Mark(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def _read_through(name: str, file: BinaryIO, size: int) -> tuple[FoundFile, bytes | None]:
    """Return a file's size and digests, and what it holds if that is little; it should have ``size`` bytes."""
    most = min(SMALL, size + 1)
    begin = file.read(most)
    whole = len(begin) < most
    digests, md5 = Digests(), hashlib.md5(usedforsecurity=False)
    for chunk in digests.read((begin,) if whole else chain((begin,), chunks(file))):
        md5.update(chunk)
    return FoundFile(name, digests.content, md5.hexdigest()), begin if whole else None


def _begun_anew(file: BinaryIO) -> BinaryIO:
    file.seek(0)
    return file


def _stanza_in(name: str, file: BinaryIO) -> Stanza:
    return _stanza_of(name, file) if name.endswith(READ) else _control_stanza(name, file)


def _stanza_of(name: str, file: BinaryIO) -> Stanza:
    written = file.read(LARGEST_STANZA + 1)
    if len(written) > LARGEST_STANZA:
        return Stanza(name, fault=f"it has more than {LARGEST_STANZA} bytes")
    return parse_stanza(name, written)


def _control_stanza(name: str, file: BinaryIO) -> Stanza:
    try:
        written = _control_of(file)
    except (_UnreadableError, *TROUBLES) as error:
        return Stanza(name, fault=f"it is no binary package ({str(error) or type(error).__name__})")
    return parse_stanza(name, written)


def _control_of(file: BinaryIO) -> bytes:
    for name, size in _members(file):
        if name.startswith("control.tar"):
            if size > LARGEST_CONTROL:
                raise _UnreadableError("its control part is too big")
            return _control_file(_unpacked(name, file.read(size)))
        file.seek(size + size % 2, io.SEEK_CUR)
    raise _UnreadableError("it has no control part")


def _members(file: BinaryIO) -> Iterator[tuple[str, int]]:
    """Yield the names and sizes of the first members; the caller reads or skips each before it asks for the next."""
    if file.read(len(MAGIC)) != MAGIC:
        raise _UnreadableError("it is no ar archive")
    for _ in range(MEMBERS):
        header = file.read(HEADER)
        if len(header) != HEADER or not header[48:58].strip().isdigit():
            raise _UnreadableError("its ar headers are damaged")
        yield header[:16].decode("ascii", "replace").strip().rstrip("/"), int(header[48:58])


def _unpacked(name: str, packed: bytes) -> bytes:
    """Return the start of the control part, up to the limit."""
    ways: dict[str, Callable[[bytes], bytes]] = {
        "": lambda packed: packed,
        ".gz": lambda packed: zlib.decompressobj(31).decompress(packed, LARGEST_CONTROL),
        ".xz": lambda packed: lzma.LZMADecompressor(memlimit=1 << 28).decompress(packed, LARGEST_CONTROL),
        ".zst": _unpacked_by_zstd,
    }
    way = ways.get(name.removeprefix("control.tar"))
    if way is None:
        raise _UnreadableError(f"nobody knows how to unpack {name}")
    return way(packed)


def _unpacked_by_zstd(packed: bytes) -> bytes:
    """Return what the zstd command makes of it: Python has no module for that before 3.14."""
    command = ["sh", "-c", f"zstd --decompress --stdout --memory=256MB | head -c {LARGEST_CONTROL}"]
    done = subprocess.run(command, input=packed, capture_output=True, timeout=UNPACK_LIMIT, check=False)
    if not done.stdout:
        raise _UnreadableError(f"zstd: {done.stderr.decode('utf-8', 'replace').strip()}")
    return done.stdout


def _control_file(unpacked: bytes) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(unpacked), mode="r:") as members:
        for member in members:
            if member.name.removeprefix("./") == "control" and member.isreg():
                held = members.extractfile(member)
                return held.read(LARGEST_STANZA) if held is not None else b""
    raise _UnreadableError("it has no control file")
