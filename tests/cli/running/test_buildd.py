"""`buildmaster buildd` becomes a slave, or says in a line why it can't."""

import os
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.workers.buildd import service
from tests.support.commands import CommandFarm
from tests.support.databases import a_folder


class BuilddTests(SynchronousTestCase):
    def setUp(self):
        self.farm = CommandFarm(self)

    def test_it_becomes_twistd_with_its_settings_in_the_environment(self):
        became = []
        # Nothing of this process would be left to look at it.
        self.patch(os, "execve", lambda *words: became.append(words))
        self.farm.run("buildd", "--way", "sleep", "--port", "9000", "--folder", "/x", "--count", "3")
        [(program, argv, environment)] = became
        self.assertEqual((sys.executable, "buildd.tac"), (program, Path(argv[-1]).name))
        wanted = {"WAY": "sleep", "PORT": "9000", "FOLDER": "/x", "COUNT": "3", "ARCH": "amd64", "BIND": "127.0.0.1"}
        self.assertEqual(wanted, {key: environment[f"BUILDD_{key}"] for key in wanted})

    def test_a_missing_program_is_one_line(self):
        self.patch(service, "PATH", str(a_folder()))
        wanted = "this machine can't build by way of host: programs are missing: apt install dpkg-dev make"
        self.assertEqual(wanted, self.farm.refused("buildd", "--folder", "/x"))

    def test_another_way_is_wrong_usage(self):
        self.assertEqual(2, self.farm.result("buildd", "--way", "magic", "--folder", "/x").exit_code)
