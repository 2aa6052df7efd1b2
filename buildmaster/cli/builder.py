"""Build machines: `builder`."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import click

from buildmaster.cli.changes import SCANNING, change
from buildmaster.cli.farm import Farm
from buildmaster.cli.output import json_option, print_listing, print_one
from buildmaster.model import buildersettings
from buildmaster.model.builderlists import BuilderListing, builders, show_builder
from buildmaster.model.buildersettings import BuilderChange

COLUMNS: dict[str, Callable[[BuilderListing], object]] = {
    "name": lambda row: row.name,
    "processors": lambda row: row.processors,
    "trusted": lambda row: row.trusted,
    "build": lambda row: row.build,
    "status": lambda row: row.status,
}
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
@click.option("--processor", "processors", multiple=True, required=True, metavar="NAME", help="Once for each.")
@settings
@click.pass_obj
def add(farm: Farm, name: str, url: str, **options: Any) -> None:  # Any: as OPTIONS read them
    """Add the builder NAME, whose slave listens at URL: http://HOST:PORT/.

    It is asked who it is, and cleaned, before it gets work.
    """
    wanted = _change(url=url, **options)
    change(farm, "builder add", name, buildersettings.add_builder, name, wanted, farm.now(), **asdict(wanted))
    farm.nudge(*SCANNING)
    click.echo(f"Added the builder {name}.")


@builder.command("set")
@name_argument
@click.option("--url", help="Where its slave listens: http://HOST:PORT/.")
@click.option("--processor", "processors", multiple=True, metavar="NAME", help="Once for each; replaces all.")
@settings
@click.pass_obj
def set_(farm: Farm, name: str, **options: Any) -> None:  # Any: as OPTIONS read them
    """Change the builder NAME: what is given here, and no more."""
    wanted = _change(**options)
    change(farm, "builder set", name, buildersettings.set_builder, name, wanted, farm.now(), **asdict(wanted))
    farm.nudge(*SCANNING)
    click.echo(f"Changed the builder {name}.")


@builder.command("list")
@json_option
@click.pass_obj
def list_all(farm: Farm, as_json: bool) -> None:
    """List the builders: who they are, what each does, since when."""
    print_listing(farm.transactions.read(builders, farm.now()), COLUMNS, as_json=as_json)


@builder.command("show")
@name_argument
@json_option
@click.pass_obj
def show(farm: Farm, name: str, as_json: bool) -> None:
    """Show all of the builder NAME."""
    print_one(farm.transactions.read(show_builder, name, farm.now()), as_json=as_json)


@builder.command("ok")
@name_argument
@click.pass_obj
def restore(farm: Farm, name: str) -> None:
    """Use the builder NAME again: its failures are forgotten; it is cleaned, and gets work."""
    change(farm, "builder ok", name, buildersettings.restore_builder, name, farm.now())
    farm.nudge(*SCANNING)
    click.echo(f"{name} is in use again.")


@builder.command("fail")
@name_argument
@click.option("--reason", required=True, help="What people who look at it are told.")
@click.pass_obj
def fail(farm: Farm, name: str, reason: str) -> None:
    """Use the builder NAME no more, until `builder ok`: what it builds goes back to the queue."""
    change(farm, "builder fail", name, buildersettings.fail_builder, name, reason, farm.now(), reason=reason)
    farm.nudge(*SCANNING)
    click.echo(f"{name} is failed: `buildmaster builder ok {name}` brings it back.")


@builder.command("auto")
@name_argument
@click.pass_obj
def auto(farm: Farm, name: str) -> None:
    """Give the builder NAME work by itself."""
    change(farm, "builder auto", name, buildersettings.set_manual, name, False)
    farm.nudge(*SCANNING)
    click.echo(f"{name} gets work.")


@builder.command("manual")
@name_argument
@click.pass_obj
def manual(farm: Farm, name: str) -> None:
    """Give the builder NAME no more work by itself; what it builds goes on and is taken in."""
    change(farm, "builder manual", name, buildersettings.set_manual, name, True)
    click.echo(f"{name} gets no new work: `buildmaster builder auto {name}` changes that.")


@builder.command("clean")
@name_argument
@click.pass_obj
def clean(farm: Farm, name: str) -> None:
    """Have the builder NAME cleaned (an untrusted one: reset) before it gets work again."""
    change(farm, "builder clean", name, buildersettings.clean_builder, name, farm.now())
    farm.nudge(*SCANNING)
    click.echo(f"{name} will be cleaned.")


@builder.command("remove")
@name_argument
@click.pass_obj
def remove(farm: Farm, name: str) -> None:
    """Take the builder NAME away; the history of its builds stays. Refused while it holds a build."""
    change(farm, "builder remove", name, buildersettings.remove_builder, name, farm.now())
    farm.nudge(*SCANNING)
    click.echo(f"Removed the builder {name}.")


def _change(processors: tuple[str, ...], untrusted: bool | None, **options: Any) -> BuilderChange:
    trusted = None if untrusted is None else not untrusted
    return BuilderChange(processors=processors or None, trusted=trusted, **options)
