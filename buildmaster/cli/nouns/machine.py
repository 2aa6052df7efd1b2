"""The machines that run code imports: `machine`."""

import click

from buildmaster.cli.changes import NOBODY, change
from buildmaster.cli.farm import Farm, pass_farm
from buildmaster.cli.output import json_option, print_listing
from buildmaster.farm.codeimports.jobs import By
from buildmaster.farm.codeimports.states import MachineState
from buildmaster.model.codeimports.machines import add_machine, set_machine
from buildmaster.model.listings.imports import list_machines

COLUMNS = ("hostname", "state", "heartbeat", "running")
host_argument = click.argument("host")


@click.group()
def machine() -> None:
    """Look after the machines that run code imports."""


@machine.command("add")
@host_argument
@click.option("--online", is_flag=True, help="Give it work at once.")
@pass_farm
def add(farm: Farm, host: str, online: bool) -> None:
    """Register the machine HOST, which is offline unless told otherwise."""
    state = MachineState.ONLINE if online else MachineState.OFFLINE
    change(farm, "machine add", host, add_machine, host, state, By(farm.who, farm.now()), wakes=NOBODY)
    click.echo(f"Added the machine {host}, {state.name.lower()}.")


@machine.command("list")
@json_option
@pass_farm
def list_all(farm: Farm, as_json: bool) -> None:
    """List the machines: how they are, and when each last asked for work."""
    print_listing(farm.transactions.read(list_machines), COLUMNS, as_json=as_json)


@machine.command("online")
@host_argument
@pass_farm
def online(farm: Farm, host: str) -> None:
    """Give the machine HOST work."""
    _set(farm, "online", host, MachineState.ONLINE)
    click.echo(f"{host} is online.")


@machine.command("offline")
@host_argument
@pass_farm
def offline(farm: Farm, host: str) -> None:
    """Give the machine HOST no more work; what it runs is taken in all the same."""
    _set(farm, "offline", host, MachineState.OFFLINE)
    click.echo(f"{host} is offline.")


@machine.command("quiesce")
@host_argument
@pass_farm
def quiesce(farm: Farm, host: str) -> None:
    """Give the machine HOST no more work; it goes offline when its last job is done."""
    _set(farm, "quiesce", host, MachineState.QUIESCING)
    click.echo(f"{host} finishes what it runs.")


def _set(farm: Farm, verb: str, host: str, state: MachineState) -> None:
    change(farm, f"machine {verb}", host, set_machine, host, state, By(farm.who, farm.now()), wakes=NOBODY)
