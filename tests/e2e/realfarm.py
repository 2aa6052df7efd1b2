"""A farm as an operator sets one up, by the command alone, with its daemon as a process."""

import gzip
import json
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.request import Request, urlopen

from click.testing import CliRunner

from buildmaster.cli.main import buildmaster
from tests.support.loopback import a_free_port
from tests.support.processes import COMMAND, wait_until

STOP_LIMIT = 30.0
CONF = """\
[buildmaster]
root = {root}
[database]
url = {url}
[web]
port = {port}
public_url = http://127.0.0.1:{port}/
[slaves]
poll_building = 1
"""


class RealFarm:
    """A farm that is gone after the test ``case``; ``database_url`` is that of an empty database."""

    def __init__(self, case, database_url="sqlite:///%(root)s/buildmaster.sqlite"):
        folder = tempfile.TemporaryDirectory()
        case.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.path = self.root / "farm.conf"
        url = database_url.replace("%", "%%") if "%(root)s" not in database_url else database_url
        self.path.write_text(CONF.format(root=self.root / "farm", url=url, port=a_free_port()))
        self._case = case

    def run(self, *words):
        """Return what a command prints; it must end well."""
        done = CliRunner().invoke(buildmaster, ["--config", str(self.path), *words])
        if done.exit_code:
            raise AssertionError(f"buildmaster {' '.join(words)}: {done.output}") from done.exception
        return done.output

    def json(self, *words):
        """Return the JSON that a command prints."""
        return json.loads(self.run(*words, "--json"))

    def set_up(self, arch, chroot, slave_url):
        """Make what a farm of one architecture, one archive, one builder needs."""
        for line in (
            "init",
            f"processor add {arch}",
            "distribution add ubuntu",
            "series add ubuntu/hoary",
            f"arch add ubuntu/hoary/{arch} --processor {arch}",
            f"series set ubuntu/hoary --nominated-arch-indep {arch}",
            f"chroot set ubuntu/hoary/{arch} {chroot}",
            "archive add ubuntu",
            f"builder add bob {slave_url} --processor {arch}",
        ):
            self.run(*line.split())

    def start(self):
        """Start the daemon."""
        self._log = self.root / "daemon.log"
        with self._log.open("wb") as log:
            self._daemon = subprocess.Popen(
                [*COMMAND, "--config", self.path, "run"], stdout=log, stderr=log, start_new_session=True
            )
        self._case.addCleanup(self.stop)

    def stop(self):
        """End the daemon."""
        self._daemon.terminate()
        try:
            self._daemon.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(self._daemon.pid, signal.SIGKILL)
            self._daemon.wait()

    def ended(self, source, limit):
        """Return the build of a source, as ``build show`` tells it, when it has come to its end."""
        [listed] = wait_until(lambda: self.json("build", "list", "--source", source), f"a build of {source}", limit)
        going = {"NEEDSBUILD", "BUILDING", "GATHERING", "UPLOADING"}
        end = time.monotonic() + limit
        while time.monotonic() < end:
            build = self.json("build", "show", str(listed["id"]))
            if build["state"] not in going:
                return build
            time.sleep(0.5)
        raise AssertionError(f"{build} has not ended; the daemon said:\n{self._log.read_text()}")


def fetched(url):
    """Return what is served at a URL, unpacked where it comes packed, as logs do."""
    with urlopen(Request(url, headers={"Accept-Encoding": "gzip"}), timeout=30) as response:
        content = response.read()
        return gzip.decompress(content) if response.headers["Content-Encoding"] == "gzip" else content
