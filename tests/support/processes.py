"""The daemon as a process of its own, for what only a process can show."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.databases import sqlite_url

HERE = Path(__file__).parents[2]
COMMAND = (sys.executable, "-c", "from buildmaster.cli.main import main; main()")
LIMIT = 60.0  # seconds; a daemon starts in less than one, but not on a machine that has other things to do


def wait_until(claim, what, limit=LIMIT):
    """Return what ``claim`` returns when that is true for the first time."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        found = claim()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {limit} s: {what}")


class DaemonProcess:
    """A daemon on a farm in a temporary folder, with any free port; it is killed after the test ``case``."""

    def __init__(self, case, conf="", root=None):
        folder = tempfile.TemporaryDirectory()
        case.addCleanup(folder.cleanup)
        self.root = root or Path(folder.name)
        self.path = Path(folder.name) / "farm.conf"
        self.change(conf if "[web]" in conf else f"[web]\nport = 0\n{conf}")
        if root is None:
            sqlite_url(self.root)
        self._log = Path(folder.name) / "daemon.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "--config", self.path, "run"],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder.name,
                env={**os.environ, "PYTHONPATH": str(HERE)},
            )
        case.addCleanup(self.stop, signal.SIGKILL)

    @property
    def log(self):
        """All that the daemon has said."""
        return self._log.read_text()

    @property
    def said(self):
        """The lines that the daemon has said, without when and where."""
        return [line.partition("] ")[2] or line for line in self.log.splitlines()]

    def wait_for(self, words, times=1):
        """Wait until the log has the words so many times, and return it."""
        wait_until(
            lambda: self.log.count(words) >= times or self.process.poll() is not None, f"{words!r} in\n{self.log}"
        )
        if self.log.count(words) < times:
            raise AssertionError(f"{words!r} is not in the log of a daemon that ended:\n{self.log}")
        return self.log

    def wait_for_file(self, path, words):
        """Wait until there is a file that has the words."""
        wait_until(lambda: path.exists() and words in path.read_text(), f"{words!r} in {path}")

    def change(self, conf):
        """Write another conf file, with the same root."""
        self.path.write_text(f"[buildmaster]\nroot = {self.root}\n{conf}")

    def stop(self, number=signal.SIGTERM):
        """End the daemon, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(LIMIT)
