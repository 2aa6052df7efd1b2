"""Run the import worker: `buildmaster import-worker`."""

import json
import os
import socket
import sys
from pathlib import Path
from urllib.parse import quote

import click

import buildmaster
from buildmaster.cli.farm import Farm, pass_farm
from buildmaster.daemon.config.settings import CodeImportsSettings
from buildmaster.workers.codeimports.service import VARIABLE

TWISTD = "from twisted.scripts.twistd import run; run()"
PATH = "codeimportscheduler"


@click.command("import-worker")
@click.option("--url", help="The scheduler's address; default: that of the conf file's public_url.")
@click.option("--hostname", default=socket.gethostname, help="Who asks for jobs; default: this machine's name.")
@click.option("--token", envvar="BUILDMASTER_MACHINE_TOKEN", help="This machine's token, best in the environment.")
@click.option(
    "--store", type=click.Path(path_type=Path), help="Where the imported repositories are; default: ROOT/imports."
)
@click.option(
    "--poll", type=click.FloatRange(min=0.1), default=10.0, show_default=True, help="Seconds between questions."
)
@click.option("--once", is_flag=True, help="Do one job, if there is one.")
@pass_farm
def import_worker(farm: Farm, /, url: str | None, store: Path | None, token: str | None, **options: object) -> None:
    """Ask for code imports and run them, in the foreground; the limits are those of the conf file."""
    config = farm.config
    folder = (store or config.root / "imports").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    address = with_token(url or config.web.public_url + PATH, str(options["hostname"]), token)
    told = {"url": address, "store": str(folder), **options, **limits(config.code_imports)}
    environment = {key: value for key, value in os.environ.items() if key != "BUILDMASTER_MACHINE_TOKEN"}
    argv = [sys.executable, "-c", TWISTD, "--nodaemon", "--pidfile=", "--python", str(_tac())]
    os.execve(sys.executable, argv, {**environment, VARIABLE: json.dumps(told)})  # noqa: S606  (no shell is wanted)


def limits(settings: CodeImportsSettings) -> dict[str, object]:
    """Return what the conf file says of workers, by the names that the worker knows."""
    return {
        "networks": settings.allowed_addresses,
        "schemes": settings.allowed_schemes,
        "silence": settings.worker_inactivity_timeout,
        "time": settings.worker_limit,
        "memory": settings.worker_memory,
        "disk": settings.worker_disk_quota,
        "heartbeat": settings.heartbeat_update_interval,
        "log_size": settings.log_size,
    }


def with_token(url: str, hostname: str, token: str | None) -> str:
    """Return the address with the token in it, as the password of HTTP basic."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{hostname}:{quote(token, safe='')}@{rest}" if token else url


def _tac() -> Path:
    """Return importworker.tac where it was installed, or as it lies in a checkout."""
    package = Path(buildmaster.__file__).parent
    places = (package / "daemons/importworker.tac", package.parent / "daemons/importworker.tac")
    return next(path for path in places if path.exists())
