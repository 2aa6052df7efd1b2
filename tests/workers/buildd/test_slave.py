"""The bundled slave's life, with a way of building that ends when it is told to."""

import hashlib

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.workers.buildd.fetching import Fetcher
from buildmaster.workers.buildd.filecache import FileCache
from buildmaster.workers.buildd.orders import Outcome, RefusedError, Verdict
from buildmaster.workers.buildd.slave import BuildSlave
from tests.support.databases import a_folder
from tests.support.network import Network

ARGS = {"series": "hoary", "suite": "hoary", "ogrecomponent": "main", "distribution": "ubuntu"}


class ToldWay:
    """Builds until it is told the outcome."""

    name = "told"
    attentive = True

    def __init__(self):
        self.ends = Deferred()

    async def build(self, order, bench):
        bench.log.note("building")
        self.order = order
        outcome = await self.ends
        if self.attentive:
            await bench.pause(0)
        return outcome


class BuildSlaveTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.cache = FileCache(a_folder())
        self.cache.prepare()
        self.way = ToldWay()
        reactor = Network(self.clock)
        self.slave = BuildSlave(reactor, "amd64", self.way, self.cache, Fetcher(reactor, None, self.cache))
        self.chroot, self.dsc = self.send(b"chroot"), self.send(b"dsc")
        self.addCleanup(self.leave_nothing_running)

    def leave_nothing_running(self):
        if not self.way.ends.called:
            self.end(Outcome(Verdict.OK))

    def send(self, content):
        sha1 = hashlib.sha1(content).hexdigest()
        self.cache.sent(sha1).write_bytes(content)
        return sha1

    def build(self, cookie="1-1", kind="binarypackage", filemap=None, args=ARGS):
        return self.slave.build(cookie, kind, self.chroot, filemap or {"a_1.dsc": self.dsc}, args)

    def end(self, outcome):
        self.way.ends.callback(outcome)
        self.clock.advance(0)

    def state(self):
        return self.slave.status()["builder_status"]

    def test_it_names_its_way_among_its_kinds(self):
        self.assertEqual(["1.0", "amd64", ["binarypackage", "debian", "told"]], self.slave.tell())

    def test_the_source_lies_in_the_builds_own_folder(self):
        self.build()
        self.assertEqual(b"dsc", (self.way.order.folder / "a_1.dsc").read_bytes())

    def test_a_building_slave_shows_its_log(self):
        self.build()
        self.assertTrue(self.slave.status()["logtail"].data.endswith(b"by way of told\nbuilding\n"))

    def test_results_are_handed_over_by_sha1(self):
        self.build()
        path = self.way.order.folder / "a_1_amd64.deb"
        path.write_bytes(b"deb")
        self.end(Outcome(Verdict.OK, (path,)))
        status = self.slave.status()
        self.assertEqual({"a_1_amd64.deb": hashlib.sha1(b"deb").hexdigest()}, status["filemap"])
        self.assertEqual(
            ("BuildStatus.OK", "1-1", ""), (status["build_status"], status["build_id"], status["dependencies"])
        )

    def test_an_ended_build_leaves_no_folder(self):
        self.build()
        self.end(Outcome(Verdict.PACKAGEFAIL))
        self.assertFalse(self.way.order.folder.exists())

    def test_ends_that_are_not_the_packages_have_no_files(self):
        self.build()
        self.end(Outcome(Verdict.CHROOTFAIL))
        wanted = {
            "builder_status": "BuilderStatus.WAITING",
            "build_status": "BuildStatus.CHROOTFAIL",
            "build_id": "1-1",
        }
        self.assertEqual(wanted, self.slave.status())

    def test_a_refused_build_changes_nothing(self):
        self.build()
        log = self.cache.log.read_bytes()
        self.assertRaises(RefusedError, self.build, "2-2")
        self.assertEqual(("1-1", log), (self.slave.status()["build_id"], self.cache.log.read_bytes()))

    def test_an_order_that_lacks_something_leaves_it_idle(self):
        for args in ({}, {**ARGS, "arch_tag": "../x"}):
            self.assertRaises(RefusedError, self.build, args=args)
        self.assertRaises(RefusedError, self.build, filemap={"../a.dsc": self.dsc})
        self.assertEqual({"builder_status": "BuilderStatus.IDLE"}, self.slave.status())

    def test_an_abort_lasts_until_all_has_ended(self):
        self.build()
        self.assertEqual("BuilderStatus.ABORTING", self.slave.abort())
        self.assertEqual({"builder_status": "BuilderStatus.ABORTING", "build_id": "1-1"}, self.slave.status())
        self.assertEqual("BuilderStatus.ABORTING", self.slave.abort())
        self.end(Outcome(Verdict.OK))
        self.assertEqual("BuildStatus.ABORTED", self.slave.status()["build_status"])

    def test_an_abort_wins_over_a_way_that_ended_meanwhile(self):
        self.way.attentive = False
        self.build()
        self.slave.abort()
        self.end(Outcome(Verdict.OK))
        self.assertEqual("BuildStatus.ABORTED", self.slave.status()["build_status"])

    def test_a_broken_way_is_the_builders_fault(self):
        self.build()
        self.way.ends.errback(OSError("disk full"))
        self.assertEqual("BuildStatus.BUILDERFAIL", self.slave.status()["build_status"])
        self.assertEqual(1, len(self.flushLoggedErrors(OSError)))

    def test_a_cleaned_slave_builds_again(self):
        self.build()
        self.end(Outcome(Verdict.PACKAGEFAIL))
        self.assertEqual("BuilderStatus.IDLE", self.slave.clean())
        self.way.ends = Deferred()
        self.assertEqual(["BuilderStatus.BUILDING", "1-2"], self.build("1-2"))

    def test_only_a_waiting_slave_is_cleaned(self):
        self.assertRaises(RefusedError, self.slave.clean)
        self.build()
        self.assertRaises(RefusedError, self.slave.clean)

    def test_an_idle_slave_has_nothing_to_abort(self):
        self.assertRaises(RefusedError, self.slave.abort)

    def test_stopping_waits_for_the_build_to_be_gone(self):
        self.build()
        stopped = self.slave.stop()
        self.assertNoResult(stopped)
        self.end(Outcome(Verdict.OK))
        self.successResultOf(stopped)
        self.assertIsNone(BuildSlave(None, "amd64", self.way, self.cache, Fetcher(None, None, self.cache)).stop())
