"""Read from disk what decides on architectures: dpkg's tables, and Packages-arch-specific files."""

from pathlib import Path

from buildmaster.farm.queue.architectures import ArchitectureTable, architecture_table

DPKG = Path("/usr/share/dpkg")


def dpkg_tables(folder: Path = DPKG) -> ArchitectureTable:
    """Return dpkg's tables of architectures; on a machine without dpkg, an empty one, for which all is Linux."""
    paths = folder / "cputable", folder / "tupletable"
    if not all(path.exists() for path in paths):
        return ArchitectureTable()
    return architecture_table(*(path.read_text() for path in paths))
