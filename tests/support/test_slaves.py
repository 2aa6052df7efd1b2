"""The slave double is a slave: it passes the contract, in both forms, and misbehaves as real ones do."""

import hashlib
import itertools
import shutil
import tempfile
from pathlib import Path

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.task import Clock, deferLater
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.builders.replies import BuildReply, Silence, SlaveStatus
from buildmaster.farm.builders.states import BuilderStatus, SlaveVerdict
from buildmaster.slave.client import Slave
from tests.support.farmnetwork import FarmNetwork
from tests.support.slavecontract import FAULT, SlaveContract, Work

URL = "http://bob:8221/"
ARGS = {"series": "hoary", "suite": "hoary", "ogrecomponent": "main", "distribution": "ubuntu"}
V = SlaveVerdict


class DoubleTests(SynchronousTestCase):
    """A slave double, and its client."""

    classic = False
    latency = 0.01

    def setUp(self):
        self.clock = Clock()
        self.farm = FarmNetwork(self.clock, self.latency)
        self.double = self.farm.slave(URL, classic=self.classic)
        self.slave = Slave(self.farm, URL, 40.0)
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.cookies = (f"1-{number}" for number in itertools.count(1))

    def drive(self, coroutine):
        """Let time pass until a coroutine, or a Deferred, has ended."""
        done = coroutine if isinstance(coroutine, Deferred) else ensureDeferred(coroutine)
        for _ in range(100_000):
            if done.called:
                break
            self.clock.advance(0.01)
        return self.successResultOf(done)

    def pause(self, seconds):
        return deferLater(self.farm, seconds)

    def offer(self, content):
        url = f"http://master/{hashlib.sha1(content or b'').hexdigest()}"
        self.farm.files[url] = content
        return url

    def work(self, verdict):
        """Return a build, and let the double end it so."""
        files = {"a_1_amd64.changes": b"Format: 1.8", "a_1_amd64.deb": b"!<arch>"} if verdict is V.OK else {}
        self.double.will(verdict, files=files, dependencies="libnone-dev (>= 2)", log=b"log\n" * 999)
        sent = {hashlib.sha1(content).hexdigest(): content for content in (b"chroot", b"dsc")}
        chroot, dsc = sent
        urls = {sha1: self.offer(content) for sha1, content in sent.items()}
        return Work(next(self.cookies), self.double.kinds[0], chroot, {"a_1.dsc": dsc}, ARGS, urls)


class DoubleContractTests(DoubleTests, SlaveContract):
    pass


class ClassicContractTests(DoubleTests, SlaveContract):
    classic = True


class PromptContractTests(DoubleTests, SlaveContract):
    latency = 0.0


class MisbehaviourTests(DoubleTests):
    """Each fault of a slave, seen from the master."""

    def status(self):
        return self.drive(self.slave.status())

    def start(self, verdict=V.OK):
        work = self.work(verdict)
        return work, self.drive(self.begin(work))

    begin = SlaveContract.begin

    def test_one_that_vanished_refuses(self):
        self.status()
        self.double.vanish()
        self.assertEqual(Silence("(111, 'Connection refused')", refused=True), self.status())
        self.double.recover()
        self.assertEqual(SlaveStatus(BuilderStatus.IDLE), self.status())

    def test_one_that_hangs_answers_nobody(self):
        for _ in range(2):
            self.double.hang()
            self.assertEqual(Silence("no answer in 40 seconds"), self.status())
            self.double.recover()
            self.assertEqual(SlaveStatus(BuilderStatus.IDLE), self.status())

    def test_one_that_babbles_is_garbage(self):
        self.double.babble()
        self.assertRegex(self.status().reason, "^garbage: not HTTP")

    def test_one_that_lies_says_what_it_was_told_to(self):
        self.double.lie("status", ["BuilderStatus.WAITING", "BuildStatus.OK", "9-9"])
        self.assertEqual(SlaveStatus(BuilderStatus.WAITING, V.OK, "9-9"), self.status())

    def test_one_that_forgets_is_idle(self):
        work, _ = self.start()
        self.double.forget()
        self.assertEqual(SlaveStatus(BuilderStatus.IDLE), self.status())
        self.assertEqual(FAULT, self.drive(self.begin(work)))
        self.assertEqual(BuilderStatus.BUILDING, self.status().status)
        self.assertEqual(FAULT, self.drive(self.slave.clean()))

    def test_a_build_whose_reply_is_lost_is_under_way(self):
        self.double.lose_reply("build")
        work, reply = self.start()
        self.assertRegex(reply.reason, "^connection closed without an answer")
        self.assertEqual((BuilderStatus.BUILDING, work.cookie), (self.status().status, self.status().cookie))
        self.assertEqual(1, [name for name, *_ in self.double.calls].count("build"))

    def test_a_refused_build_takes_the_cookie_and_the_log(self):
        self.start()
        second, reply = self.start()
        status = self.status()
        self.assertEqual((FAULT, second.cookie, ""), (reply, status.cookie, status.logtail))

    def test_a_build_that_lacks_an_argument_never_ends(self):
        work = self.work(V.OK)
        self.drive(self.begin(Work(work.cookie, work.kind, work.chroot, work.filemap, {}, work.urls)))
        self.drive(self.slave.abort())
        self.clock.advance(10_000)
        self.assertEqual(BuilderStatus.ABORTING, self.status().status)

    def test_an_abort_may_kill_nothing(self):
        self.double.abortable = False
        self.start()
        self.drive(self.slave.abort())
        self.clock.advance(5)
        self.assertEqual(BuilderStatus.ABORTING, self.status().status)
        self.clock.advance(5)
        self.assertEqual(V.ABORTED, self.status().verdict)

    def test_a_slave_that_fetches_answers_nobody(self):
        self.double.fetching = 300.0
        reply = self.slave.ensurepresent(hashlib.sha1(b"big").hexdigest(), self.offer(b"big"), "", "")
        stranger = Slave(self.farm, URL, 40.0)
        self.assertIsInstance(self.drive(stranger.status()), Silence)
        self.assertTrue(self.drive(reply).present)

    def test_a_build_may_end_when_it_is_told_to(self):
        self.double.will("DEPFAIL", duration=None, dependencies="zlib1g-dev")
        work = self.work(V.OK)
        self.double.will("DEPFAIL", duration=None, dependencies="zlib1g-dev")
        self.assertEqual(BuildReply("BuilderStatus.BUILDING", work.cookie), self.drive(self.begin(work)))
        self.clock.advance(100_000)
        self.assertEqual(BuilderStatus.BUILDING, self.status().status)
        self.double.finish()
        self.assertEqual("zlib1g-dev", self.status().dependencies)
