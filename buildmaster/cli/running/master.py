"""Commands that prepare and run the daemon: `check-config`, `init`, `run`."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import click
from twisted.scripts import twistd

from buildmaster.cli.farm import Farm, pass_farm
from buildmaster.daemon.config.reading import ConfigError, load
from buildmaster.files.layout import make_folders
from buildmaster.work.schema import check_fits
from buildmaster.work.upgrading import upgrade

HERE = Path(__file__).parents[2]
run_twistd: Callable[[], None] = twistd.run  # it has no annotations of its own
DAEMONS = next(place for place in (HERE / "daemons", HERE.parent / "daemons") if place.is_dir())


@click.command("check-config")
@pass_farm
def check_config(farm: Farm) -> None:
    """Print every mistake in the conf file, each as FILE:LINE: KEY: what is wrong."""
    try:
        load(farm.path)
    except ConfigError as error:
        click.echo("\n".join(error.mistakes))
        raise click.ClickException(f"{farm.path} has {len(error.mistakes)} mistake(s)") from error
    click.echo(f"{farm.path} has no mistakes.")


@click.command()
@pass_farm
def init(farm: Farm) -> None:
    """Make the farm's folders, and its database, or bring that to this version; may be repeated."""
    store = farm.config.librarian.store
    make_folders(farm.config.root, *([Path(store.removeprefix("file:"))] if store.startswith("file:") else []))
    upgrade(farm.raw_transactions.engine)
    click.echo(f"The farm at {farm.config.root} is ready.")


@click.command()
@pass_farm
def run(farm: Farm) -> None:
    """Run the daemon in the foreground."""
    check_fits(farm.raw_transactions.engine)
    farm.close()
    os.environ["BUILDMASTER_CONF"] = str(farm.path.resolve())
    sys.argv = ["twistd", "--nodaemon", "--pidfile=", "--python", str(DAEMONS / "buildmaster.tac")]
    run_twistd()
