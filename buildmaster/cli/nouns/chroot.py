"""The chroots that builds are made in: `chroot`."""

import lzma
import tarfile
import zlib
from datetime import datetime
from pathlib import Path

import click
from sqlalchemy.orm import Session

from buildmaster.cli.arguments import ARCHITECTURE, POCKET
from buildmaster.cli.changes import BUILDING, change
from buildmaster.cli.farm import Farm, pass_farm
from buildmaster.cli.output import json_option, print_listing
from buildmaster.farm.vocabulary.archives import Pocket
from buildmaster.farm.vocabulary.contents import Content
from buildmaster.farm.vocabulary.references import ArchitectureReference
from buildmaster.model.register.chroots import chroots, remove_chroot, set_chroot
from buildmaster.model.tables.distribution import find_architecture
from buildmaster.model.tables.files import remember_file

UNREADABLE = (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError)
COLUMNS = ("architecture", "pocket", "filename", "size", "sha1", "created")
reference_argument = click.argument("reference", metavar="DIST/SERIES/TAG", type=ARCHITECTURE)
pocket_option = click.option(
    "--pocket",
    type=POCKET,
    metavar="POCKET",
    default=Pocket.RELEASE,
    help="RELEASE (it serves all that have none of their own), SECURITY, UPDATES, PROPOSED or BACKPORTS.",
)


@click.group()
def chroot() -> None:
    """Set, remove and list the chroots that builds are made in."""


@chroot.command("set")
@reference_argument
@click.argument("file", type=click.Path(path_type=Path))
@pocket_option
@pass_farm
def set_(farm: Farm, reference: ArchitectureReference, file: Path, pocket: Pocket) -> None:
    """Take FILE, a tarball, as the chroot of an architecture.

    One that is there is replaced; what is being built goes on in it.
    """
    farm.transactions.read(find_architecture, reference)
    warn_of(file)
    content = farm.librarian.add(file)
    args = (reference, pocket, content, file.name, farm.now())
    change(farm, "chroot set", reference, _keep, *args, pocket=pocket.name, sha256=content.sha256, wakes=BUILDING)
    click.echo(f"{reference} is built in {file.name} ({content.size} bytes, SHA-1 {content.sha1}).")


@chroot.command("remove")
@reference_argument
@pocket_option
@pass_farm
def remove(farm: Farm, reference: ArchitectureReference, pocket: Pocket) -> None:
    """Take the chroot of an architecture away."""
    change(farm, "chroot remove", reference, remove_chroot, reference, pocket, pocket=pocket.name, wakes=BUILDING)
    click.echo(f"Removed the chroot of {reference} for {pocket.name}.")


@chroot.command("list")
@json_option
@pass_farm
def list_all(farm: Farm, as_json: bool) -> None:
    """List the chroots."""
    print_listing(farm.transactions.read(chroots), COLUMNS, as_json=as_json)


def warn_of(file: Path) -> None:
    """Say on stderr that a file does not look like a chroot's tarball; slaves may still know what to do with it."""
    try:
        with tarfile.open(file) as tarball:
            tarball.next()
    except UNREADABLE as error:
        first = str(error).partition(":")[0]  # tarfile tells all the ways that it tried, each in a line
        click.echo(f"Warning: {file} is not a tarball that can be read here ({first}); taken all the same.", err=True)


def _keep(
    session: Session,
    reference: ArchitectureReference,
    pocket: Pocket,
    content: Content,
    filename: str,
    now: datetime,
) -> None:
    file_id = remember_file(session, content, filename, "application/octet-stream", now)
    set_chroot(session, reference, pocket, file_id, now)
