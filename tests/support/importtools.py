"""The real tools of code imports, which the tests of imports ask for loudly."""

import os
import shutil
import subprocess
from pathlib import Path

from buildmaster.workers.codeimports.running import Limits, StepFailedError
from buildmaster.workers.codeimports.surroundings import PATH, environment, prepare

TOOLS = ("git", "svn", "svnadmin", "svnserve", "cvs", "cvsps", "hg", "git-remote-hg", "brz")
LIMITS = Limits(silence=60.0, time=60.0, memory=2**32, disk=2**30)
SCHEMES = frozenset({"http", "https", "git", "svn", "pserver", "file", "bzr"})


def need_tools():
    """Raise AssertionError, with the line that installs them, unless all tools are there: no test of them is skipped."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    core = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip()
    missing += [f"git {name}" for name in ("svn", "cvsimport") if not Path(core, f"git-{name}").exists()]
    if missing:
        raise AssertionError(
            f"{', '.join(missing)} missing: `sh tests/prepare`, as root, installs what the tests drive"
        )


class Elsewhere:
    """Runs the tools as somebody elsewhere, in ``folder``."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "home").mkdir(parents=True)
        (folder / "home/.hgrc").write_text("[ui]\nusername = Ada Lovelace <ada@example.org>\n")

    def run(self, *argv, cwd=".", **environment_):
        """Run a tool; return what it printed."""
        surroundings = {
            "PATH": PATH,
            "HOME": str(self.folder / "home"),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ada Lovelace",
            "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_COMMITTER_NAME": "Ada Lovelace",
            "GIT_COMMITTER_EMAIL": "ada@example.org",
            "BRZ_EMAIL": "Ada Lovelace <ada@example.org>",
            "BRZ_LOG": "/dev/null",
            **environment_,
        }
        done = subprocess.run(
            list(map(str, argv)),
            cwd=self.folder / cwd,
            env=surroundings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"{argv} ended with {done.returncode}: {done.stdout}")
        return done.stdout


class BlockingRun:
    """Runs an import's tools as the worker does, within its limits, but waits for each."""

    def __init__(self, place):
        self.said = []
        self._place = place
        prepare(place, 9)

    async def __call__(self, *argv, stdin=None):
        done = self.run(argv, Path(stdin or os.devnull))
        self.said.append(done.stdout.decode(errors="replace"))
        if done.returncode:
            raise StepFailedError(f"{argv}: {self.said[-1]}")
        return self.said[-1]

    def run(self, argv, stdin):
        with stdin.open("rb") as source:
            return subprocess.run(
                LIMITS.around(argv),
                cwd=self._place.work,
                env=environment(self._place, 9, SCHEMES),
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
            )
