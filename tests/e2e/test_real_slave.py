"""The whole way of a build: source, running master, real launchpad-buildd, and back, on both kinds of database."""

import hashlib
import subprocess

import pytest
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.cli.running.demosources import TREES, make_source
from tests.e2e.realfarm import RealFarm, fetched
from tests.e2e.realslave import CHROOT, Keeper, RealSlave
from tests.support.databases import a_folder, postgresql_url

LIMIT = 180.0
ARCH = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()


class WholeWay:
    """One source that builds and one that does not, through the master."""

    def make_farm(self):
        raise NotImplementedError

    def setUp(self):
        slave = RealSlave()
        self.addCleanup(slave.stop)
        self.kept = Keeper(self, slave)
        self.farm = self.make_farm()
        self.farm.set_up(ARCH, CHROOT, slave.url)
        self.farm.start()

    def upload(self, name):
        self.farm.run("upload", str(make_source(TREES / name, a_folder())), "--archive", "ubuntu", "--suite", "hoary")

    def test_a_source_becomes_packages_and_a_broken_one_a_log(self):
        self.upload("lantern")
        self.upload("crumble")
        self._was_built(self.farm.ended("lantern", LIMIT))
        self._failed(self.farm.ended("crumble", LIMIT))

    def _was_built(self, build):
        self.assertEqual("FULLYBUILT", build["state"], build)
        self.assertEqual(["lantern", "lantern-words"], sorted(binary["name"] for binary in build["binaries"]))
        for binary in build["binaries"]:
            content = fetched(binary["file_url"])
            self.assertEqual(self.kept[hashlib.sha1(content).hexdigest()], content)
        self.assertIn("Status: successful", self.farm.run("build", "log", str(build["id"])))

    def _failed(self, build):
        self.assertEqual(("FAILEDTOBUILD", []), (build["state"], build["binaries"]), build)
        self.assertIn("biscuits_left", self.farm.run("build", "log", str(build["id"])))
        self.assertIn(b"biscuits_left", fetched(build["log_url"]))
        self.assertEqual(["bob"], [attempt["builder"] for attempt in build["attempts"]])


@pytest.mark.slave
class SQLiteTests(WholeWay, SynchronousTestCase):
    def make_farm(self):
        return RealFarm(self)


@pytest.mark.slave
class PostgreSQLTests(WholeWay, SynchronousTestCase):
    def make_farm(self):
        return RealFarm(self, postgresql_url())
