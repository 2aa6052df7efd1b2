"""Distributions: `distribution`."""

import click

from buildmaster.cli.changes import NOBODY, change
from buildmaster.cli.farm import Farm, pass_farm
from buildmaster.cli.output import json_option, print_listing
from buildmaster.model.listings.distributions import distributions
from buildmaster.model.register.distributions import add_distribution


@click.group()
def distribution() -> None:
    """Add and list distributions, such as ubuntu."""


@distribution.command("add")
@click.argument("name")
@click.option("--title", help="What it is called in sentences (default: NAME with a capital letter).")
@pass_farm
def add(farm: Farm, name: str, title: str | None) -> None:
    """Add the distribution NAME.

    Its archives are added by `archive add`.
    """
    change(farm, "distribution add", name, add_distribution, name, title, title=title, wakes=NOBODY)
    click.echo(f"Added the distribution {name}.")


@distribution.command("list")
@json_option
@pass_farm
def list_all(farm: Farm, as_json: bool) -> None:
    """List the distributions, with the series of each."""
    print_listing(farm.transactions.read(distributions), ("name", "title", "series"), as_json=as_json)
