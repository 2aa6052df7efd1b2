"""Where sources are published: `source`."""

import click

from buildmaster.cli.arguments import ARCHIVE, SUITE
from buildmaster.cli.changes import PUBLISHING, change
from buildmaster.cli.farm import Farm, pass_farm
from buildmaster.cli.output import json_option, limit_option, note_more, page_size, print_listing
from buildmaster.farm.vocabulary.references import ArchiveReference, SuiteReference
from buildmaster.model.register.publications import copy_source, delete_source, source_publications

COLUMNS = ("id", "source", "version", "archive", "suite", "component", "status", "created")
id_argument = click.argument("publication_id", metavar="ID", type=click.IntRange(1, 2**31 - 1))


@click.group()
def source() -> None:
    """List, delete and copy the publications of sources."""


@source.command("list")
@click.option("--archive", metavar="REF", type=ARCHIVE, help="Only those in this archive.")
@limit_option
@json_option
@pass_farm
def list_all(farm: Farm, archive: ArchiveReference | None, limit: int | None, as_json: bool) -> None:
    """List the publications, the newest first."""
    size = page_size(limit, as_json)
    found = farm.transactions.read(source_publications, archive, None if size is None else size + 1)
    print_listing(found[:size], COLUMNS, as_json=as_json)
    note_more(len(found), size)


@source.command("delete")
@id_argument
@pass_farm
def delete(farm: Farm, publication_id: int) -> None:
    """Remove a source from where it is published, with the binaries that were made of it for there."""
    gone = change(farm, "source delete", publication_id, delete_source, publication_id, farm.now(), wakes=PUBLISHING)
    click.echo(f"Removed {gone.source} {gone.version} from {gone.archive}, {gone.suite}.")


@source.command("copy")
@id_argument
@click.option("--to", metavar="REF", type=ARCHIVE, required=True, help="The archive.")
@click.option("--suite", metavar="SUITE", type=SUITE, help="Its suite, if it is another.")
@pass_farm
def copy(farm: Farm, publication_id: int, to: ArchiveReference, suite: SuiteReference | None) -> None:
    """Publish a source elsewhere too."""
    args = (publication_id, to, suite, farm.now())
    place = {"to": str(to), "suite": suite and str(suite)}
    made = change(farm, "source copy", publication_id, copy_source, *args, **place, wakes=PUBLISHING)
    click.echo(f"Copied {made.source} {made.version} to {made.archive}, {made.suite} (publication {made.id}).")
