"""Make source packages of plain source trees."""

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

from debian.changelog import Changelog

from buildmaster.errors import BuildmasterError

HERE = Path(__file__).parents[2]
TREES = next(place for place in (HERE / "examples", HERE.parent / "examples") if place.is_dir())
NEEDED = {"dpkg-source": "dpkg-dev", "dpkg-genchanges": "dpkg-dev", "make": "build-essential", "gcc": "build-essential"}


def check_tools() -> None:
    """Raise BuildmasterError when a program that building takes is missing, with the command that installs it."""
    packages = sorted({package for program, package in NEEDED.items() if not shutil.which(program)})
    if packages:
        raise BuildmasterError(f"Debian's tools for building are missing: apt install {' '.join(packages)}")


def make_source(tree: Path, folder: Path) -> Path:
    """Make the source package of ``tree`` in ``folder``; return its ``_source.changes``.

    The tree stays as it is. Where its format is not native, everything but ``debian/`` becomes the upstream tarball.
    """
    with (tree / "debian/changelog").open() as file:
        changelog = Changelog(file, max_blocks=1)
    copy = folder / f"{changelog.package}-{changelog.upstream_version}"
    shutil.copytree(tree, copy)
    if (tree / "debian/source/format").read_text().strip() != "3.0 (native)":
        _make_upstream(copy, folder / f"{changelog.package}_{changelog.upstream_version}.orig.tar.gz")
    _run(folder, "dpkg-source", "--build", copy.name)
    version = str(changelog.version).partition(":")[2] or str(changelog.version)
    changes = folder / f"{changelog.package}_{version}_source.changes"
    _run(copy, "dpkg-genchanges", "--build=source", f"-O../{changes.name}")
    shutil.rmtree(copy)
    return changes


def _make_upstream(tree: Path, path: Path) -> None:
    def without_debian(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        return None if member.name == f"{tree.name}/debian" else member

    with tarfile.open(path, "w:gz") as tar:
        tar.add(tree, arcname=tree.name, filter=without_debian)


def _run(folder: Path, *argv: str) -> None:
    done = subprocess.run(argv, cwd=folder, env={**os.environ, "LC_ALL": "C.UTF-8"}, capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise BuildmasterError(f"{argv[0]} failed: {said[-1] if said else f'exit code {done.returncode}'}")
