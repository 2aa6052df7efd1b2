"""`buildmaster demo`: a whole farm in a temporary folder builds real packages with this machine's own tools."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from buildmaster.cli.farm import Farm
from buildmaster.cli.output import table
from buildmaster.cli.running.buildd import slave_command
from buildmaster.cli.running.demosources import TREES, check_tools, make_source
from buildmaster.errors import BuildmasterError
from buildmaster.farm.vocabulary.states import ENDED, BuildState
from buildmaster.model.listings.builds import BuildListing, Context, Wanted, builds

PACKAGES = ("abacus", "fieldnotes", "lantern")
BUILDERS = ("bob", "alice")
LIMIT = 120.0  # seconds that the builds may take
LOOK = 0.2  # seconds between two looks at the builds
MOST = 100  # builds that are looked at
OVER = frozenset(state.name for state in ENDED)
STOP_LIMIT = 20.0  # seconds that a process has for ending

Run = Callable[..., None]


@dataclass(frozen=True)
class Place:
    """Where the demo's farm is: its folder, its architecture, and its ports."""

    folder: Path
    tag: str
    web: int
    slaves: tuple[int, ...]

    @property
    def conf(self) -> Path:
        """The conf file."""
        return self.folder / "buildmaster.conf"


@click.command()
@click.option("--keep", is_flag=True, help="Leave the farm running until Ctrl-C.")
@click.pass_context
def demo(context: click.Context, *, keep: bool) -> None:
    """Build real packages on a farm of its own in a temporary folder, and tell what happens."""
    check_tools()
    signal.signal(signal.SIGTERM, _end)
    folder = Path(tempfile.mkdtemp(prefix="buildmaster-demo-"))
    try:
        good = _demonstrate(context, _place(folder), keep=keep)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not good:
        raise BuildmasterError("the demo's packages were not all built: the log of the daemon is above")


def _demonstrate(context: click.Context, place: Place, *, keep: bool) -> bool:
    """Set up the farm, build, and tell; return whether all was built."""
    run = _command(context, place)
    _set_up(place, run)
    with _started(place):
        for name in PACKAGES:
            run(
                "upload",
                str(make_source(TREES / name, place.folder / "sources")),
                "--archive",
                "demo",
                "--suite",
                "one",
            )
        found = _follow(place)
        _summarize(found)
        good = bool(found) and all(build.state == BuildState.FULLYBUILT.name for build in found)
        if not good:
            click.echo((place.folder / "daemon.log").read_text())
        if keep:
            _stay(place, found)
    return good


def _place(folder: Path) -> Place:
    (folder / "sources").mkdir()
    told = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True)
    web, *slaves = _free_ports(1 + len(BUILDERS))
    return Place(folder, told.stdout.strip(), web, tuple(slaves))


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [bound.getsockname()[1] for bound in sockets]
    for bound in sockets:
        bound.close()
    return ports


def _command(context: click.Context, place: Place) -> Run:
    """Return what runs a command of ours on the demo's farm, and shows it as an operator would type it."""
    group = context.find_root().command

    def run(*words: str) -> None:
        click.secho(f"$ buildmaster {' '.join(words)}", dim=True)
        group.main(["--config", str(place.conf), *words], prog_name="buildmaster", standalone_mode=False)

    return run


def _set_up(place: Place, run: Run) -> None:
    """Make the farm by the commands that a real one is made by."""
    place.conf.write_text(
        f"[buildmaster]\nroot = {place.folder}/farm\n\n"
        f"[web]\nport = {place.web}\npublic_url = http://127.0.0.1:{place.web}/\n\n"
        f"[slaves]\npoll_building = 1\n"
    )
    run("init")
    run("processor", "add", place.tag)
    run("distribution", "add", "demo")
    run("series", "add", "demo/one")
    run("arch", "add", f"demo/one/{place.tag}", "--processor", place.tag)
    run("series", "set", "demo/one", "--nominated-arch-indep", place.tag)
    run("chroot", "set", f"demo/one/{place.tag}", str(_empty_chroot(place)))
    run("archive", "add", "demo")
    for name, port in zip(BUILDERS, place.slaves, strict=True):
        run("builder", "add", name, f"http://127.0.0.1:{port}/", "--processor", place.tag)


def _empty_chroot(place: Place) -> Path:
    """Return a tarball that stands for a chroot: the demo's slaves build on this machine itself."""
    path = place.folder / "chroot.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("chroot-autobuild"))
    return path


@contextmanager
def _started(place: Place) -> Iterator[None]:
    """Run the daemon and the slaves."""
    daemon = [sys.executable, "-c", "from buildmaster.cli.main import main; main()", "--config", str(place.conf), "run"]
    processes = [
        _start(daemon, {}, place.folder / "daemon.log"),
        *(_start(slave_command(), _slave(place, port), place.folder / f"slave-{port}.log") for port in place.slaves),
    ]
    click.echo(f"The daemon and {len(place.slaves)} bundled slaves are started.")
    try:
        yield
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            process.wait(STOP_LIMIT)


def _slave(place: Place, port: int) -> dict[str, str]:
    return {
        "BUILDD_WAY": "host",
        "BUILDD_PORT": str(port),
        "BUILDD_FOLDER": str(place.folder / "slaves"),
        "BUILDD_ARCH": place.tag,
        "BUILDD_COUNT": "1",
    }


def _start(argv: list[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            argv, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **environment}, start_new_session=True
        )


def _follow(place: Place) -> list[BuildListing]:
    """Print a line whenever a build's state changes, until all have ended; return the builds, oldest first."""
    farm, begun, seen = Farm(place.conf), time.monotonic(), dict[int, str]()
    found: list[BuildListing] = []
    while time.monotonic() - begun < LIMIT:
        found = farm.transactions.read(builds, Wanted(), MOST, Context(farm.config.web.public_url, farm.now()))[::-1]
        for build in found:
            if seen.get(build.id) != build.state:
                seen[build.id] = build.state
                click.echo(f"{time.monotonic() - begun:5.1f} s  {_line(build)}")
        if len(found) >= len(PACKAGES) and all(build.state in OVER for build in found):
            break
        time.sleep(LOOK)
    farm.close()
    return found


def _line(build: BuildListing) -> str:
    where = f" on {build.builder}" if build.builder else ""
    return f"{build.title}: {BuildState[build.state].title}{where}"


def _summarize(found: list[BuildListing]) -> None:
    columns: dict[str, Callable[[BuildListing], object]] = {
        "package": lambda build: f"{build.source} {build.version}",
        "architecture": lambda build: build.architecture,
        "state": lambda build: build.state,
        "duration": lambda build: None if build.duration is None else f"{build.duration:.1f} s",
        "results": lambda build: ", ".join(f"{file.filename} ({file.size} bytes)" for file in build.binaries),
    }
    click.echo()
    click.echo("\n".join(table(found, columns)))


def _stay(place: Place, found: list[BuildListing]) -> None:
    """Wait for Ctrl-C, and say what can be looked at meanwhile."""
    click.echo(f"\nThe farm runs on; how it is: http://127.0.0.1:{place.web}/healthz")
    click.echo(f"A log: {next((build.log_url for build in found if build.log_url), 'none yet')}")
    click.echo(f"A command for it: {Path(sys.argv[0]).resolve()} --config {place.conf} build list")
    click.echo("Ctrl-C ends it, and removes it.")
    try:
        signal.pause()
    except KeyboardInterrupt:
        click.echo("Stopping.")


def _end(_number: int, _frame: object) -> None:
    """Be ended by a signal as by Ctrl-C: nothing that was started stays behind."""
    raise KeyboardInterrupt
