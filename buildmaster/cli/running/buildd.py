"""Run the bundled build slave: `buildmaster buildd`."""

import os
import sys
from pathlib import Path

import click

from buildmaster.cli.running.master import DAEMONS
from buildmaster.errors import BuildmasterError
from buildmaster.workers.buildd.service import WAYS, SettingsError, check_machine, settings_from

TWISTD = "from twisted.scripts.twistd import run; run()"


@click.command()
@click.option("--way", type=click.Choice(WAYS), default="host", show_default=True, help="How to build.")
@click.option("--port", type=int, default=8221, show_default=True, help="The (first) port to listen on.")
@click.option("--folder", type=click.Path(path_type=Path), required=True, help="Where files and builds lie.")
@click.option("--arch", default="amd64", show_default=True, help="The tag of the architecture to build for.")
@click.option("--count", type=click.IntRange(1), default=1, show_default=True, help="How many slaves.")
@click.option(
    "--bind", default="127.0.0.1", show_default=True, help="The address to listen on: who reaches it, builds."
)
def buildd(**settings: object) -> None:
    """Run build slaves in the foreground, for those who have none yet."""
    told = {f"BUILDD_{key.upper()}": str(value) for key, value in settings.items()}
    try:
        check_machine(settings_from(told))
    except SettingsError as error:
        raise BuildmasterError(str(error)) from error
    os.execve(sys.executable, slave_command(), {**os.environ, **told})  # noqa: S606  (no shell is wanted)


def slave_command() -> list[str]:
    """Return the command that runs the slave's .tac in the foreground; its settings are in the environment."""
    return [sys.executable, "-c", TWISTD, "--nodaemon", "--pidfile=", "--python", str(DAEMONS / "buildd.tac")]
