"""Series of distributions: `series`."""

from collections.abc import Callable
from typing import Any

import click

from buildmaster.cli.arguments import SERIES, STATUS
from buildmaster.cli.changes import BUILDING, NOBODY, change
from buildmaster.cli.farm import Farm, pass_farm
from buildmaster.cli.output import json_option, print_listing
from buildmaster.farm.vocabulary.archives import SeriesStatus
from buildmaster.farm.vocabulary.references import SeriesReference
from buildmaster.model.listings.distributions import all_series
from buildmaster.model.register.distributions import SeriesChange, add_series, set_series

COLUMNS = ("name", "version", "status", "nominated_arch_indep", "architectures", "title")
NOMINATED = "The architecture that builds the packages for all architectures."
STATUS_HELP = (
    f"One of {', '.join(status.name for status in SeriesStatus)}. It decides which pockets are open: CURRENT and "
    "SUPPORTED close RELEASE, the others close all but RELEASE, and FROZEN closes none."
)


@click.group()
def series() -> None:
    """Add, change and list series, such as ubuntu/hoary."""


def settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a series."""
    command = click.option("--nominated-arch-indep", "nominated", metavar="TAG", help=NOMINATED)(command)
    command = click.option("--status", type=STATUS, metavar="STATUS", help=STATUS_HELP)(command)
    command = click.option("--title", help="What it is called in sentences.")(command)
    command = click.option("--version", help="Its number, such as 5.04.")(command)
    return click.argument("reference", metavar="DIST/NAME", type=SERIES)(command)


@series.command("add")
@settings
@pass_farm
def add(
    farm: Farm,
    reference: SeriesReference,
    version: str | None,
    title: str | None,
    status: SeriesStatus | None,
    nominated: str | None,
) -> None:
    """Add a series to a distribution.

    Its status is DEVELOPMENT unless told otherwise. The nominated architecture need not be there yet.
    """
    wanted = SeriesChange(title, version, status, nominated)
    change(farm, "series add", reference, add_series, reference, wanted, **_details(wanted), wakes=NOBODY)
    click.echo(f"Added the series {reference}.")


@series.command("set")
@settings
@pass_farm
def set_(
    farm: Farm,
    reference: SeriesReference,
    version: str | None,
    title: str | None,
    status: SeriesStatus | None,
    nominated: str | None,
) -> None:
    """Change a series: what is given here, and no more."""
    wanted = SeriesChange(title, version, status, nominated)
    change(farm, "series set", reference, set_series, reference, wanted, **_details(wanted), wakes=BUILDING)
    click.echo(f"Changed the series {reference}.")


@series.command("list")
@json_option
@pass_farm
def list_all(farm: Farm, as_json: bool) -> None:
    """List the series of all distributions."""
    print_listing(farm.transactions.read(all_series), COLUMNS, as_json=as_json)


def _details(wanted: SeriesChange) -> dict[str, object]:
    return {
        "title": wanted.title,
        "version": wanted.version,
        "status": wanted.status.name if wanted.status else None,
        "nominated_arch_indep": wanted.nominated,
    }
