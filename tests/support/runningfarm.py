"""A farm that runs: the daemon and bundled slaves as processes, set up and looked at by the command alone."""

import signal
import tempfile
from pathlib import Path

from buildmaster.work.transactions import Transactions, make_engine
from buildmaster.work.upgrading import upgrade
from tests.support.commands import CommandFarm
from tests.support.databases import sqlite_url
from tests.support.loopback import SlaveProcess, a_free_port
from tests.support.packages import a_changes, a_dsc, write
from tests.support.processes import DaemonProcess, wait_until

TAG = "amd64"


def a_sleeping_source(folder, name, version, hint="any"):
    """Write a source package that the slaves of the way "sleep" can pretend to build; return its .changes."""
    tars = {f"{name}_{version}.tar.xz": f"{name} {version}".encode()}
    common = {"Source": name, "Version": version}
    dsc = a_dsc(tars, **common, Architecture=hint, Binary=name, **{"Format": "3.0 (native)", "Package-List": None})
    files = {**tars, f"{name}_{version}.dsc": dsc.encode()}
    changes = a_changes(files, **common, Architecture="source", Binary=name)
    write(folder, {**files, f"{name}_{version}_source.changes": changes.encode()})
    return folder / f"{name}_{version}_source.changes"


class RunningFarm(CommandFarm):
    """A farm in a temporary folder with an archive ``ubuntu`` and the series ``hoary``; nothing runs at first."""

    def __init__(self, case, conf="", url=None):
        self.case = case
        folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        case.addCleanup(folder.cleanup)
        self.root = Path(folder.name) / "farm"
        self.root.mkdir()
        port = a_free_port()
        self.address = f"http://127.0.0.1:{port}/"
        self.conf = (
            f"[web]\nport = {port}\npublic_url = {self.address}\n"
            f"[database]\nurl = {url or sqlite_url(self.root)}\n[slaves]\npoll_building = 1\n{conf}"
        )
        self.path = Path(folder.name) / "farm.conf"
        self.path.write_text(f"[buildmaster]\nroot = {self.root}\n{self.conf}")
        self.transactions = Transactions(make_engine(url or f"sqlite:///{self.root}/buildmaster.sqlite"))
        case.addCleanup(self.transactions.engine.dispose)
        upgrade(self.transactions.engine)
        self._set_up()

    def configure(self, conf):
        """Write more into the conf file, for the commands and daemons that are started from now on."""
        self.conf += conf
        self.path.write_text(f"[buildmaster]\nroot = {self.root}\n{self.conf}")

    def _set_up(self):
        self.run("init")
        self.run("processor", "add", TAG)
        self.run("distribution", "add", "ubuntu")
        self.run("series", "add", "ubuntu/hoary")
        self.run("arch", "add", f"ubuntu/hoary/{TAG}", "--processor", TAG)
        self.run("series", "set", "ubuntu/hoary", "--nominated-arch-indep", TAG)
        chroot = self.root / "chroot.tar.gz"
        chroot.write_bytes(b"the bundled slaves need none")
        self.run("chroot", "set", f"ubuntu/hoary/{TAG}", chroot)
        self.run("archive", "add", "ubuntu")

    def add_slave(self, name, way="sleep", **settings):
        """Start a bundled slave, and register it."""
        slave = SlaveProcess(way=way, arch=TAG, **settings)
        self.case.addCleanup(slave.kill)
        self.run("builder", "add", name, slave.url, "--processor", TAG)
        return slave

    def start(self):
        """Start the daemon (again)."""
        self.daemon = DaemonProcess(self.case, self.conf, self.root)

    def kill(self):
        """End the daemon as a power failure would."""
        self.daemon.stop(signal.SIGKILL)

    def upload(self, name, version, suite="hoary"):
        """Upload a source that a slave of the way "sleep" pretends to build."""
        changes = a_sleeping_source(self.root / "sources", name, version)
        self.run("upload", changes, "--archive", "ubuntu", "--suite", suite)

    def builds(self):
        """Return all builds, the oldest first, as ``build list --json`` tells them."""
        return self.json("build", "list")[::-1]

    def wait_for_states(self, *states, limit=60.0):
        """Wait until the states of all builds, the oldest first, are these; return the builds."""
        found = []

        def reached():
            found[:] = self.builds()
            return tuple(build["state"] for build in found) == states

        wait_until(reached, f"{states}", limit)
        return found
