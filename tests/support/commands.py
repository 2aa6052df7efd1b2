"""The command on a farm of its own, for tests of the command's nouns."""

import json
import tempfile
from pathlib import Path

from click.testing import CliRunner

from buildmaster.cli.main import buildmaster
from buildmaster.work.transactions import Transactions, make_engine
from tests.support.databases import sqlite_url


class CommandFarm:
    """A farm in a temporary folder, removed after the test ``case``; ``transactions`` is its database."""

    def __init__(self, case, conf=""):
        folder = tempfile.TemporaryDirectory()
        case.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.path = self.root / "buildmaster.conf"
        self.path.write_text(f"[buildmaster]\nroot = {self.root}\n{conf}")
        self.transactions = Transactions(make_engine(sqlite_url(self.root)))
        case.addCleanup(self.transactions.engine.dispose)

    def result(self, *words):
        """Return click's result of the command."""
        return CliRunner().invoke(buildmaster, ["--config", str(self.path), *map(str, words)])

    def run(self, *words):
        """Return what the command printed; it must have ended well."""
        return self._done(*words).output

    def _done(self, *words):
        result = self.result(*words)
        if result.exit_code != 0:
            raise AssertionError(f"buildmaster {words} ended with {result.exit_code}: {result.output}") from (
                result.exception
            )
        return result

    def refused(self, *words):
        """Return the line on stderr of a command that must have been refused."""
        result = self.result(*words)
        if result.exit_code != 1:
            raise AssertionError(f"buildmaster {words} ended with {result.exit_code}: {result.output}")
        return result.stderr.removeprefix("Error: ").strip()

    def json(self, *words):
        """Return the JSON that the command printed."""
        return json.loads(self._done(*words, "--json").stdout)
