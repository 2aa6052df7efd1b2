"""`buildmaster import-worker` becomes a worker, with its settings in the environment."""

import json
import os
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.cli.running.importworker import with_token
from buildmaster.workers.codeimports.service import VARIABLE
from tests.support.commands import CommandFarm


class ImportWorkerTests(SynchronousTestCase):
    def setUp(self):
        self.farm = CommandFarm(self, "[code_imports]\nworker_limit = 77\n")
        self.became = []
        # Nothing of this process would be left to look at it.
        self.patch(os, "execve", lambda *words: self.became.append(words))

    def told(self, *words):
        """Return what the worker is told in its environment, and all that it has there."""
        self.farm.run("import-worker", "--hostname", "box", *words)
        [(program, argv, environment)] = self.became
        self.assertEqual((sys.executable, "importworker.tac"), (program, Path(argv[-1]).name))
        return json.loads(environment[VARIABLE]), environment

    def test_it_asks_the_farms_own_scheduler_and_keeps_the_farms_limits(self):
        told, _ = self.told("--once")
        self.assertTrue(told["url"].endswith("/codeimportscheduler"), told)
        self.assertEqual((str(self.farm.root / "imports"), True, 77), (told["store"], told["once"], told["time"]))
        self.assertTrue((self.farm.root / "imports").is_dir())

    def test_its_token_goes_into_the_address_only(self):
        told, environment = self.told("--url", "http://master/x", "--token", "s/cret")
        self.assertEqual("http://box:s%2Fcret@master/x", told["url"])
        self.assertNotIn("BUILDMASTER_MACHINE_TOKEN", environment)

    def test_without_a_token_the_address_is_as_it_was(self):
        self.assertEqual("http://master/x", with_token("http://master/x", "box", None))
