"""The kinds of CPU: `processor`."""

import click

from buildmaster.cli.changes import NOBODY, change
from buildmaster.cli.farm import Farm, pass_farm
from buildmaster.cli.output import json_option, print_listing
from buildmaster.model.listings.distributions import processors
from buildmaster.model.register.distributions import add_processor


@click.group()
def processor() -> None:
    """Add and list processors: the kinds of CPU.

    Builders have them, and architectures need them.
    """


@processor.command("add")
@click.argument("name")
@pass_farm
def add(farm: Farm, name: str) -> None:
    """Add the processor NAME, such as amd64."""
    change(farm, "processor add", name, add_processor, name, wakes=NOBODY)
    click.echo(f"Added the processor {name}.")


@processor.command("list")
@json_option
@pass_farm
def list_all(farm: Farm, as_json: bool) -> None:
    """List the processors, with what is of each."""
    print_listing(farm.transactions.read(processors), ("name", "builders", "architectures"), as_json=as_json)
