"""A build survives no restart of its slave, and neither does anything of it."""

import contextlib
from pathlib import Path

from buildmaster.farm.builders.states import BuilderStatus
from buildmaster.slave.client import Slave
from buildmaster.workers.buildd.leftovers import MARK
from tests.support.loopback import SlaveProcess, files_of, made_source
from tests.support.slavecontract import SlaveContract
from tests.workers.buildd.test_contract import BundledSlaveTests


def running(folder):
    """Return what was begun for builds in ``folder``, and still runs."""
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):  # it has just ended, or belongs to somebody else
            found += [environ.parent.name] * (f"{MARK}={folder}".encode() in environ.read_bytes())
    return found


class RestartTests(BundledSlaveTests):
    way = "host"
    begin = SlaveContract.begin

    @classmethod
    def setUpClass(cls):
        """Start nothing: each test has its own slave."""

    @classmethod
    def tearDownClass(cls):
        """Stop nothing."""

    def setUp(self):
        self.process = SlaveProcess(way=self.way)
        super().setUp()

    def building(self):
        """Let the slave sleep over a build, until the sleeper is seen."""
        work = self.work_on(files_of(made_source("dormouse")))

        async def seen():
            await self.begin(work)
            while b"sleep 600" not in ((await self.slave.status()).logtail or "").encode():
                await self.pause(self.interval)

        self.drive(seen())
        self.assertTrue(running(self.process.folder))

    async def status(self):
        return (await self.slave.status()).status

    def test_a_slave_that_is_stopped_leaves_nothing(self):
        self.building()
        self.assertIn("it builds by way of host", self.process.stop())
        self.assertEqual([], running(self.process.folder))
        self.assertEqual([], list(self.process.folder.glob("build-*")))

    def test_a_killed_slave_comes_back_idle_and_clears_up(self):
        self.building()
        self.process.kill()
        self.assertTrue(running(self.process.folder))
        self.process = SlaveProcess(**self.process.settings)
        self.addCleanup(self.process.stop)
        self.slave = Slave(self.reactor, self.process.url, 30.0)
        self.addCleanup(self.slave.close)
        self.assertEqual(BuilderStatus.IDLE, self.drive(self.status()))
        self.assertEqual(([], []), (running(self.process.folder), list(self.process.folder.glob("build-*"))))
