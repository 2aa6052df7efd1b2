"""Commands that prepare and run the daemon: `check-config`, `init`, `run`."""

import click

from buildmaster.cli.farm import Farm
from buildmaster.config import ConfigError, load
from buildmaster.folders import make_folders
from buildmaster.upgrading import upgrade


@click.command("check-config")
@click.pass_obj
def check_config(farm: Farm) -> None:
    """Print every mistake in the conf file, each as FILE:LINE: KEY: what is wrong."""
    try:
        load(farm.path)
    except ConfigError as error:
        click.echo("\n".join(error.mistakes))
        raise click.ClickException(f"{farm.path} has {len(error.mistakes)} mistake(s)") from error
    click.echo(f"{farm.path} has no mistakes.")


@click.command()
@click.pass_obj
def init(farm: Farm) -> None:
    """Make the farm's folders, and its database, or bring that to this version; may be repeated."""
    make_folders(farm.config.root)
    upgrade(farm.raw_transactions.engine)
    click.echo(f"The farm at {farm.config.root} is ready.")
