"""Build machines: `builder`."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import click

from buildmaster.cli.changes import NOBODY, SCANNING, change
from buildmaster.cli.farm import Farm, pass_farm
from buildmaster.cli.output import json_option, print_listing, print_one
from buildmaster.model.listings.builders import BuilderListing, builders, show_builder
from buildmaster.model.register.builders import (
    BuilderChange,
    add_builder,
    clean_builder,
    fail_builder,
    remove_builder,
    restore_builder,
    set_builder,
    set_manual,
)

COLUMNS: dict[str, Callable[[BuilderListing], object]] = {
    "name": lambda row: row.name,
    "processors": lambda row: row.processors,
    "trusted": lambda row: row.trusted,
    "build": lambda row: row.build,
    "status": lambda row: row.status,
}
PROCESSORS = "The processors that it builds for: --processor x86 amd64, or once for each. `set` replaces all."
OPTIONS = (
    click.option(
        "--untrusted/--trusted",
        default=None,
        help="Build what untrusted archives (PPAs) hold, and only that (default: trusted).",
    ),
    click.option("--vm-host", metavar="HOST", help="Where an untrusted builder is reset; '' for nowhere."),
    click.option("--manual/--auto", default=None, help="Give it no work by itself (default: auto)."),
    click.option("--title", help="What it is called on pages (default: NAME)."),
)
name_argument = click.argument("name")
processor_option = click.option("--processor", "processors", multiple=True, metavar="NAME...", help=PROCESSORS)
more_argument = click.argument("more", nargs=-1, metavar=" ")


@click.group()
def builder() -> None:
    """Add, change, watch and mend builders: the build machines."""


def settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that `add` and `set` share."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@builder.command("add")
@name_argument
@click.argument("url")
@more_argument
@processor_option
@settings
@pass_farm
def add(farm: Farm, /, name: str, url: str, **options: Any) -> None:  # Any: as OPTIONS read them
    """Add the builder NAME, whose slave listens at URL.

    It is asked who it is, and cleaned, before it gets work.
    """
    wanted = _change(url=url, **options)
    if wanted.processors is None:
        raise click.UsageError("Give --processor NAME: what it builds for.")
    change(farm, "builder add", name, add_builder, name, wanted, farm.now(), **asdict(wanted), wakes=SCANNING)
    click.echo(f"Added the builder {name}.")


@builder.command("set")
@name_argument
@click.option("--url", help="Where its slave listens: http://HOST:PORT/.")
@more_argument
@processor_option
@settings
@pass_farm
def set_(farm: Farm, /, name: str, **options: Any) -> None:  # Any: as OPTIONS read them
    """Change the builder NAME: what is given here, and no more."""
    wanted = _change(**options)
    change(farm, "builder set", name, set_builder, name, wanted, farm.now(), **asdict(wanted), wakes=SCANNING)
    click.echo(f"Changed the builder {name}.")


@builder.command("list")
@json_option
@pass_farm
def list_all(farm: Farm, as_json: bool) -> None:
    """List the builders: who they are, what each does, since when."""
    print_listing(farm.transactions.read(builders, farm.now()), COLUMNS, as_json=as_json)


@builder.command("show")
@name_argument
@json_option
@pass_farm
def show(farm: Farm, name: str, as_json: bool) -> None:
    """Show all of the builder NAME."""
    print_one(farm.transactions.read(show_builder, name, farm.now()), as_json=as_json)


@builder.command("ok")
@name_argument
@pass_farm
def restore(farm: Farm, name: str) -> None:
    """Use the builder NAME again, its failures forgotten."""
    change(farm, "builder ok", name, restore_builder, name, farm.now(), wakes=SCANNING)
    click.echo(f"{name} is in use again.")


@builder.command("fail")
@name_argument
@click.option("--reason", required=True, help="What people who look at it are told.")
@pass_farm
def fail(farm: Farm, name: str, reason: str) -> None:
    """Use the builder NAME no more, until `builder ok`.

    What it builds goes back to the queue.
    """
    change(farm, "builder fail", name, fail_builder, name, reason, farm.now(), reason=reason, wakes=SCANNING)
    click.echo(f"{name} is failed: `buildmaster builder ok {name}` brings it back.")


@builder.command("auto")
@name_argument
@pass_farm
def auto(farm: Farm, name: str) -> None:
    """Give the builder NAME work by itself."""
    change(farm, "builder auto", name, set_manual, name, False, wakes=SCANNING)
    click.echo(f"{name} gets work.")


@builder.command("manual")
@name_argument
@pass_farm
def manual(farm: Farm, name: str) -> None:
    """Give the builder NAME no more work, until `builder auto`.

    What it builds goes on, and is taken in.
    """
    change(farm, "builder manual", name, set_manual, name, True, wakes=NOBODY)
    click.echo(f"{name} gets no new work: `buildmaster builder auto {name}` changes that.")


@builder.command("clean")
@name_argument
@pass_farm
def clean(farm: Farm, name: str) -> None:
    """Have the builder NAME cleaned before it gets work again.

    An untrusted one is reset.
    """
    change(farm, "builder clean", name, clean_builder, name, farm.now(), wakes=SCANNING)
    click.echo(f"{name} will be cleaned.")


@builder.command("remove")
@name_argument
@pass_farm
def remove(farm: Farm, name: str) -> None:
    """Take the builder NAME away.

    The history of its builds stays, and its name may be used again. While it holds a build this is refused.
    """
    change(farm, "builder remove", name, remove_builder, name, farm.now(), wakes=SCANNING)
    click.echo(f"Removed the builder {name}.")


def _change(
    processors: tuple[str, ...],
    more: tuple[str, ...],
    untrusted: bool | None,
    **options: Any,
) -> BuilderChange:
    """Return what is asked for. ``more`` are the words after the first of --processor."""
    if more and not processors:
        raise click.UsageError(f"Got unexpected words: {' '.join(more)}")
    trusted = None if untrusted is None else not untrusted
    return BuilderChange(processors=(*processors, *more) or None, trusted=trusted, **options)
