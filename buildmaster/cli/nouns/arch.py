"""Architectures of series: `arch`."""

import click

from buildmaster.cli.arguments import ARCHITECTURE
from buildmaster.cli.changes import BUILDING, change
from buildmaster.cli.farm import Farm, pass_farm
from buildmaster.cli.output import json_option, print_listing
from buildmaster.farm.vocabulary.references import ArchitectureReference
from buildmaster.model.listings.distributions import architectures
from buildmaster.model.register.distributions import add_architecture


@click.group()
def arch() -> None:
    """Add and list architectures: ubuntu/hoary/i386."""


@arch.command("add")
@click.argument("reference", metavar="DIST/SERIES/TAG", type=ARCHITECTURE)
@click.option("--processor", required=True, metavar="NAME", help="The processor that builds it.")
@click.option("--no-untrusted", is_flag=True, help="Build nothing of untrusted archives (PPAs) for it.")
@pass_farm
def add(farm: Farm, reference: ArchitectureReference, processor: str, no_untrusted: bool) -> None:
    """Add an architecture to a series.

    It is built when it has a chroot: see `chroot set`.
    """
    details = {"processor": processor, "untrusted": not no_untrusted}
    args = (reference, processor, not no_untrusted)
    change(farm, "arch add", reference, add_architecture, *args, **details, wakes=BUILDING)
    click.echo(f"Added the architecture {reference}.")


@arch.command("list")
@json_option
@pass_farm
def list_all(farm: Farm, as_json: bool) -> None:
    """List the architectures, and for which pockets they have chroots."""
    columns = ("name", "processor", "supports_untrusted", "nominated", "chroots")
    print_listing(farm.transactions.read(architectures), columns, as_json=as_json)
