"""A real launchpad-buildd, and the bundled slave with sbuild, are slaves: they pass the contract of all slaves."""

import time

import pytest

from tests.e2e.realslave import CHROOT, RealSlave, a_tmpfs, remove_tmpfs
from tests.support.loopback import SlaveProcess, drive, files_of, made_source
from tests.support.slavecontract import SlaveContract
from tests.workers.buildd.test_contract import TREE, BundledSlaveTests, V

LIMIT = 300


class BuildingContract(SlaveContract):
    """The contract, with real sources and a real chroot."""

    interval = 0.5

    def drive(self, coroutine):
        return drive(self.reactor, coroutine, LIMIT)

    def work(self, verdict):
        chroot = b"noise" if verdict is V.CHROOTFAIL else CHROOT.read_bytes()
        return self.work_on(files_of(made_source(TREE.get(verdict, "lantern"))), chroot)


@pytest.mark.slave
class RealContractTests(BuildingContract, BundledSlaveTests):
    cookies = (f"{int(time.time())}-{number}" for number in range(1, 100))  # none twice on one host

    @classmethod
    def setUpClass(cls):
        cls.process = RealSlave()


@pytest.mark.slave
class SbuildContractTests(BuildingContract, BundledSlaveTests):
    @classmethod
    def setUpClass(cls):
        cls.process = SlaveProcess(way="sbuild", folder=a_tmpfs())

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        remove_tmpfs(cls.process.settings["folder"])
