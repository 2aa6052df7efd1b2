"""Make a chroot's tarball start at its root: masters send it with all in the folder chroot-autobuild.

Run as a program of its own, by its path, so that a build can be stopped while this goes on.
"""

import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

TOP = "chroot-autobuild"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
RENAMED_HEADERS = ("path", "linkpath")


def reroot(source: IO[bytes], target: IO[bytes]) -> None:
    """Copy a tarball (plain, or packed in a way that Python knows), its members renamed; raise tarfile.TarError."""
    with tarfile.open(fileobj=source, mode="r|*") as old, tarfile.open(fileobj=target, mode="w|") as new:
        for member in old:
            member.name = _below_top(member.name)
            member.pax_headers = {key: value for key, value in member.pax_headers.items() if key not in RENAMED_HEADERS}
            if member.islnk():
                member.linkname = _below_top(member.linkname)
            new.addfile(member, old.extractfile(member) if member.isreg() else None)


def _below_top(name: str) -> str:
    top, _, rest = name.removeprefix("./").partition("/")
    return f"./{rest}" if top == TOP else name


@contextmanager
def _unpacked(path: Path) -> Iterator[IO[bytes]]:
    """Open a tarball; what is packed with zstd, which this Python does not know, is unpacked by that program."""
    with path.open("rb", buffering=0) as file:  # zstd goes on where this stands
        magic = file.read(len(ZSTD_MAGIC))
        file.seek(0)
        if magic != ZSTD_MAGIC:
            yield file
            return
        with subprocess.Popen(["zstd", "-qdc"], stdin=file, stdout=subprocess.PIPE) as zstd:
            if zstd.stdout is not None:  # it is a pipe
                yield zstd.stdout


def main() -> None:
    """Read the tarball named first, write the one named second."""
    source, target = map(Path, sys.argv[1:])
    with _unpacked(source) as old, target.open("wb") as new:
        try:
            reroot(old, new)
        except (tarfile.TarError, EOFError, OSError) as error:
            sys.exit(f"{source.name} is no chroot: {error}")


if __name__ == "__main__":
    main()
