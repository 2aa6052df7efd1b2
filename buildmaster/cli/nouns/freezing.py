"""Stop dispatching, and go on: `freeze`, `thaw`, `freezes`."""

import click

from buildmaster.cli.arguments import ARCHIVE
from buildmaster.cli.changes import DISPATCHING, change
from buildmaster.cli.farm import Farm, pass_farm
from buildmaster.cli.output import json_option, print_listing
from buildmaster.farm.vocabulary.references import ArchiveReference
from buildmaster.model.register import freezing
from buildmaster.model.register.freezing import Part

archive_option = click.option("--archive", type=ARCHIVE, metavar="REF", help="Only the builds of this archive.")
processor_option = click.option("--processor", metavar="NAME", help="Only builders of this processor.")


@click.command()
@archive_option
@processor_option
@click.option("--reason", help="What people who ask why they wait are told.")
@pass_farm
def freeze(farm: Farm, archive: ArchiveReference | None, processor: str | None, reason: str | None) -> None:
    """Dispatch nothing until `thaw`.

    Nothing of an archive, nothing to a processor, or nothing at all. What runs goes on.
    """
    part = Part(archive, processor)
    change(farm, "freeze", part, freezing.freeze, part, reason, farm.now(), reason=reason, wakes=DISPATCHING)
    click.echo(f"Froze {part}: `buildmaster thaw` with the same options goes on.")


@click.command()
@archive_option
@processor_option
@pass_farm
def thaw(farm: Farm, archive: ArchiveReference | None, processor: str | None) -> None:
    """Dispatch again what `freeze` stopped.

    The options are those of the freeze.
    """
    part = Part(archive, processor)
    change(farm, "thaw", part, freezing.thaw, part, wakes=DISPATCHING)
    click.echo(f"Thawed {part}.")


@click.command()
@json_option
@pass_farm
def freezes(farm: Farm, as_json: bool) -> None:
    """List what is frozen, since when and why."""
    columns = ("archive", "processor", "reason", "since")
    print_listing(farm.transactions.read(freezing.freezes), columns, as_json=as_json)
