"""Rebuild archives: `archive add --copy-of`, `archive compare`."""

import click

from buildmaster.cli.arguments import ARCHIVE
from buildmaster.cli.changes import BUILDING
from buildmaster.cli.farm import Farm, pass_farm
from buildmaster.cli.output import json_option, print_listing
from buildmaster.farm.queue.comparing import Difference
from buildmaster.farm.vocabulary.references import ArchiveReference
from buildmaster.model.register.campaigns import Campaign, compare, copy_some, depend_on_origin

PIECE = 500  # publications copied in one transaction
COLUMNS = ("source", "series", "architecture", "here", "there", "version_here", "version_there")


def copy_sources(farm: Farm, campaign: Campaign, *, depend: bool) -> None:
    """Copy the sources of a campaign, in small transactions, and have their builds made."""
    if depend:
        farm.transactions.write(depend_on_origin, campaign, farm.now())
    after: int | None = 0
    while after is not None:
        after = farm.transactions.write(copy_some, campaign, farm.now(), after, PIECE)
    farm.nudge("publisher", *BUILDING)


@click.command("compare")
@click.argument("here", metavar="REF", type=ARCHIVE)
@click.argument("there", metavar="REF", type=ARCHIVE)
@json_option
@pass_farm
def compare_archives(farm: Farm, here: ArchiveReference, there: ArchiveReference, as_json: bool) -> None:
    """List what builds in one of two archives and not in the other; what isn't over yet is left out."""
    rows = [_row(difference) for difference in farm.transactions.read(compare, here, there)]
    print_listing(rows, COLUMNS, as_json=as_json)


def _row(difference: Difference) -> dict[str, object]:
    source, series, tag = difference.spot
    return {
        "source": source,
        "series": series,
        "architecture": tag,
        "here": difference.here.state.name,
        "there": difference.there.state.name,
        "version_here": difference.here.version,
        "version_there": difference.there.version,
    }
