"""The bundled slave is a slave: it passes the contract over real sockets, pretending and building."""

import hashlib
import itertools

from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.builders.states import SlaveVerdict
from buildmaster.slave.client import Slave
from buildmaster.workers.buildd.orders import Verdict
from tests.support.databases import a_folder
from tests.support.loopback import FileServer, SlaveProcess, a_reactor, drive, files_of, made_source
from tests.support.slavecontract import SlaveContract, Work

ARGS = {"series": "hoary", "suite": "hoary", "ogrecomponent": "main", "distribution": "ubuntu", "arch_indep": True}
V = SlaveVerdict
TREE = {V.OK: "lantern", V.PACKAGEFAIL: "crumble", V.DEPFAIL: "longing", V.ABORTED: "dormouse"}
DSC = "Source: tiny\nBinary: tiny\nArchitecture: any\nVersion: {version}\nMaintainer: Some Body <body@example.org>\n"


class BundledSlaveTests(SynchronousTestCase):
    """A slave for the class, a client of it for each test."""

    interval = 0.05
    way = "sleep"
    cookies = (f"1-{number}" for number in itertools.count(1))

    @classmethod
    def setUpClass(cls):
        cls.process = SlaveProcess(way=cls.way)

    @classmethod
    def tearDownClass(cls):
        cls.process.stop()

    def setUp(self):
        self.folder = a_folder()
        self.reactor = a_reactor(self)
        self.offer = FileServer(self, self.reactor).offer
        self.slave = Slave(self.reactor, self.process.url, 30.0)
        self.addCleanup(self.slave.close)

    def drive(self, coroutine):
        return drive(self.reactor, coroutine)

    def pause(self, seconds):
        return deferLater(self.reactor, seconds)

    def work(self, verdict):
        return self.work_on(self.source(verdict))

    def source(self, verdict):
        """Return a source that makes the slave end so, its files by name."""
        seconds = 60 if verdict is V.ABORTED else 0.2
        version = f"1.0+sleep{seconds}+{Verdict[verdict.name].name.lower()}"
        return {f"tiny_{version}.dsc": DSC.format(version=version).encode()}

    def work_on(self, files, chroot=b"chroot", **args):
        contents = [chroot, *files.values()]
        urls = {hashlib.sha1(content).hexdigest(): self.offer(content) for content in contents}
        filemap = {name: hashlib.sha1(content).hexdigest() for name, content in files.items()}
        return Work(next(self.cookies), "binarypackage", next(iter(urls)), filemap, {**ARGS, **args}, urls)


class SleepContractTests(BundledSlaveTests, SlaveContract):
    pass


class HostContractTests(BundledSlaveTests, SlaveContract):
    way = "host"
    test_a_bad_chroot_has_a_log = None  # it uses no chroot

    def source(self, verdict):
        return files_of(made_source(TREE[verdict]))
