"""Run another program that takes in the results of a build, with the arguments of the classic uploader."""

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from buildmaster.files.uploadfolders import LOG_NAME
from buildmaster.model.uploads.results import Uploading


class UploadCommand:
    """The command line ``argv``, which may take ``limit`` seconds. Calls block: make them in a thread."""

    def __init__(self, root: Path, argv: Sequence[str], limit: float) -> None:
        self._root = root
        self._argv = tuple(argv)
        self._limit = limit

    def arguments(self, attempt: Uploading, leaf: Path) -> list[str]:
        """Return the whole command line for the results in ``leaf``."""
        log = ["--log-file", str(leaf / LOG_NAME)]
        of = ["-d", attempt.distribution, "-s", attempt.suite, "-b", str(attempt.build_id)]
        return [*self._argv, *log, *of, "-J", leaf.name, str(self._root)]

    def fault(self, attempt: Uploading, leaf: Path) -> str:
        """Run the program; return why it has not taken the results in, or the empty string: it ended with 0."""
        try:
            code = _run(self.arguments(attempt, leaf), self._root, self._limit)
        except subprocess.TimeoutExpired:
            return f"{self._argv[0]} was stopped after {self._limit:g} seconds."
        except OSError as error:
            return f"{self._argv[0]} can't be run: {error.strerror}."
        return f"{self._argv[0]} ended with {code}." if code else ""


def _run(argv: Sequence[str], root: Path, limit: float) -> int:
    """Return the exit code; a program that takes too long is killed with all that it started."""
    quiet = subprocess.DEVNULL
    with subprocess.Popen(argv, cwd=root, start_new_session=True, stdin=quiet, stdout=quiet, stderr=quiet) as process:
        try:
            return process.wait(limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
