"""The slave client: facts from good answers, one Silence from anything else, and never a failure."""

import shutil
import tempfile
from pathlib import Path
from xmlrpc.client import Binary, Fault, dumps

from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from buildmaster.farm.facts import BuildReply, Present, Silence, SlaveInfo, SlaveStatus
from buildmaster.farm.states import BuilderStatus, SlaveVerdict
from buildmaster.slave import ISlave, Slave
from tests.network import SILENT, Network

URL = "http://bob:8221/"


def http(body, head=b"HTTP/1.1 200 OK"):
    """Return a plain HTTP reply."""
    return head + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def xml(value):
    """Return the HTTP reply of an XML-RPC call that returned ``value``."""
    said = value if isinstance(value, Fault) else (value,)
    return http(dumps(said, methodresponse=True, allow_none=True).encode())


class Script(Protocol):
    """A slave that says what it was told to, whatever it is asked; None closes the connection."""

    def __init__(self, requests, replies):
        self.requests, self.replies = requests, replies

    def dataReceived(self, data):
        self.requests.append(data)
        reply = self.replies.pop(0) if self.replies else b""
        if reply is None:
            self.transport.loseConnection()
        else:
            self.transport.write(reply)


class WireTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.network = Network(self.clock)
        self.requests, self.replies = [], []
        self.slave = Slave(self.network, URL, 40.0)
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def tearDown(self):
        self.assertEqual([], self.clock.getDelayedCalls())

    def says(self, *replies):
        """Let a slave listen that answers with ``replies`` in turn."""
        self.replies += replies
        self.network.listen("bob", 8221, Factory.forProtocol(lambda: Script(self.requests, self.replies)))

    def status(self, *replies):
        self.says(*replies)
        return self.successResultOf(self.slave.status())


class AnswerTests(WireTests):
    def test_provides_the_contract(self):
        verifyObject(ISlave, self.slave)

    def test_reads_each_form_of_a_status(self):
        idle = SlaveStatus(BuilderStatus.IDLE)
        files = {"a.deb": "e9" * 20}
        waiting = SlaveStatus(BuilderStatus.WAITING, SlaveVerdict.OK, "1-2", filemap=tuple(files.items()))
        building = SlaveStatus(BuilderStatus.BUILDING, cookie="1-2", logtail="gcc")
        forms = {
            idle: (["BuilderStatus.IDLE"], ["BuilderStatus.IDLE", ""], {"builder_status": "BuilderStatus.IDLE"}),
            building: (
                ["BuilderStatus.BUILDING", "1-2", Binary(b"gcc")],
                {"builder_status": "BuilderStatus.BUILDING", "build_id": "1-2", "logtail": Binary(b"gcc"), "new": 1},
            ),
            waiting: (
                ["BuilderStatus.WAITING", "BuildStatus.OK", "1-2", files, ""],
                {
                    "builder_status": "BuilderStatus.WAITING",
                    "build_status": "BuildStatus.OK",
                    "build_id": "1-2",
                    "filemap": files,
                    "dependencies": "",
                },
            ),
            SlaveStatus(BuilderStatus.WAITING, SlaveVerdict.ABORTED, "1-2"): (
                ["BuilderStatus.WAITING", "BuildStatus.ABORTED", "1-2"],
            ),
            SlaveStatus(BuilderStatus.BUILDING, cookie="1-2"): (["BuilderStatus.BUILDING", "1-2"],),
            SlaveStatus(BuilderStatus.ABORTED, cookie="1-2"): (["BuilderStatus.ABORTED", "1-2"],),
        }
        for fact, answers in forms.items():
            for answer in answers:
                self.assertEqual(fact, self.status(xml(answer)))

    def test_unknown_words_are_kept(self):
        self.assertEqual(SlaveStatus(BuilderStatus.UNKNOWN, words="Zzz"), self.status(xml(["Zzz", "1-2"])))
        self.assertEqual(
            SlaveStatus(BuilderStatus.WAITING, SlaveVerdict.UNKNOWN, "1-2", words="BuildStatus.ODD"),
            self.status(xml(["BuilderStatus.WAITING", "BuildStatus.ODD", "1-2"])),
        )

    def test_a_log_tail_is_its_last_bytes_as_text(self):
        log = b"x" * 10 + "é".encode()[1:] + b"a\0b\xff" + b"http://u:pw@host/ " * 113 + b"12345678"
        tail = self.status(xml(["BuilderStatus.BUILDING", "1-2", Binary(log)])).logtail
        self.assertEqual("\ufffdab\ufffd" + "http://host/ " * 113 + "12345678", tail[1:] if tail[0] == "x" else tail)

    def test_reads_the_other_answers(self):
        self.says(
            xml(["Test"]),
            xml(["1.0", "amd64", ["binarypackage"]]),
            xml([False, "No URL"]),
            xml(["BuilderStatus.UNKNOWNBUILDER", None]),
            xml("BuilderStatus.ABORTING"),
            xml("BuilderStatus.IDLE"),
        )
        slave = self.slave
        calls = [slave.echo("Test"), slave.info(), slave.ensurepresent("ab", None, "", "")]
        calls += [slave.build("1-2", "binarypackage", "ab", {}, {}), slave.abort(), slave.clean()]
        self.assertEqual(
            [
                ["Test"],
                SlaveInfo("1.0", "amd64", ("binarypackage",)),
                Present(False, "No URL"),
                BuildReply("BuilderStatus.UNKNOWNBUILDER", ""),
                "BuilderStatus.ABORTING",
                "BuilderStatus.IDLE",
            ],
            [self.successResultOf(call) for call in calls],
        )
        self.assertEqual(1, len(self.network.connections))

    def test_a_refused_connection_reads_as_python_prints_it(self):
        self.assertEqual(
            Silence("(111, 'Connection refused')", refused=True),
            self.successResultOf(self.slave.status()),
        )

    def test_a_fault_is_silence(self):
        self.assertEqual(Silence("fault 8002: error"), self.status(xml(Fault(8002, "error"))))

    def test_garbage_is_silence(self):
        for reply in (
            b"SSH-2.0-OpenSSH\r\n",
            http(b"", b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere/"),
            http(b"<html/>"),
            http(b"no XML"),
            http(b"<!DOCTYPE x><methodResponse/>"),
            xml(5),
            xml({"builder_status": 1}),
            xml({"builder_status": "BuilderStatus.BUILDING", "build_id": 1}),
            b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ):
            self.assertRegex(self.status(reply).reason, "^garbage: .{4}")

    def test_an_answer_must_come_in_time(self):
        self.says(b"HTTP/1.1 200 OK\r\n")
        call = self.slave.status()
        self.clock.advance(39.9)
        self.assertNoResult(call)
        self.clock.advance(0.1)
        self.assertEqual(Silence("no answer in 40 seconds"), self.successResultOf(call))
        self.assertEqual([], self.network.connections)

    def test_a_connection_must_come_in_time(self):
        self.network.listen("bob", 8221, SILENT)
        call = self.slave.status()
        self.clock.advance(40)
        self.assertEqual(Silence("no answer in 40 seconds"), self.successResultOf(call))

    def test_a_slave_may_take_its_time_to_fetch_a_file(self):
        self.says(b"")
        call = self.slave.ensurepresent("ab", "http://master/ab", "", "")
        self.clock.advance(799)
        self.assertNoResult(call)
        self.clock.advance(1)
        self.assertIsInstance(self.successResultOf(call), Silence)

    def test_asks_again_when_an_idle_connection_was_closed(self):
        self.says(xml(["BuilderStatus.IDLE"]), None, xml(["BuilderStatus.IDLE"]))
        for _ in range(2):
            self.assertEqual(SlaveStatus(BuilderStatus.IDLE), self.successResultOf(self.slave.status()))
        self.assertEqual(3, len(self.requests))

    def test_never_builds_twice(self):
        self.says(xml(["BuilderStatus.IDLE"]), None, xml(["BuilderStatus.BUILDING", "1-2"]))
        self.slave.status()
        build = self.slave.build("1-2", "debian", "ab", {}, {})
        self.assertEqual(Silence("connection closed without an answer"), self.successResultOf(build))
        self.assertEqual(2, len(self.requests))

    def test_close_ends_what_is_under_way(self):
        self.says(b"")
        calls = [self.slave.status(), self.slave.status()]
        self.slave.close()
        calls.append(self.slave.status())
        self.assertEqual(
            [Silence("the connection was closed by the master")] * 3, [self.successResultOf(call) for call in calls]
        )
        self.assertEqual([], self.network.connections)

    def test_a_url_that_is_none_is_silence(self):
        slave = Slave(self.network, "gopher://me:secret@bob/", 40.0)
        reason = self.successResultOf(slave.status()).reason
        self.assertEqual("gopher://bob/: only http://HOST:PORT/ is an address of a slave", reason)


class FetchTests(WireTests):
    def fetch(self, *replies, limit=3_000_000):
        self.says(*replies)
        return self.slave.fetch("buildlog", self.folder / "log", limit)

    def test_fetches_a_file_and_hashes_it(self):
        content = b"abc" * 700_000
        fetched = self.successResultOf(self.fetch(http(content)))
        self.assertEqual(2_100_000, fetched.size)
        self.assertEqual(content, (self.folder / "log").read_bytes())
        self.assertTrue(self.requests[0].startswith(b"GET /filecache/buildlog HTTP/1.1\r\nHost: bob:8221\r\n"))

    def test_reads_chunks(self):
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        fetched = self.successResultOf(self.fetch(head + b"3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nTrailer: x\r\n\r\n"))
        self.assertEqual(b"abcdefg", (self.folder / "log").read_bytes())
        self.assertEqual("2fb5e13419fc89246865e7a324f476ec624e8740", fetched.sha1)

    def test_an_empty_file_is_a_file(self):
        self.assertEqual(0, self.successResultOf(self.fetch(http(b""))).size)
        self.assertEqual(b"", (self.folder / "log").read_bytes())

    def test_leaves_nothing_of_a_file_that_breaks_off(self):
        call = self.fetch(http(b"abc" * 700_000)[:-1])
        self.assertNoResult(call)
        self.clock.advance(40)
        self.assertIsInstance(self.successResultOf(call), Silence)
        self.assertEqual([], list(self.folder.iterdir()))

    def test_refuses_more_than_the_limit(self):
        self.assertEqual(Silence("garbage: more than 2 bytes"), self.successResultOf(self.fetch(http(b"abc"), limit=2)))

    def test_a_missing_file_is_silence(self):
        missing = self.fetch(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")
        self.assertEqual(Silence("garbage: HTTP 404 Not Found"), self.successResultOf(missing))

    def test_a_full_disk_is_silence(self):
        self.says(http(b"abc"))
        fetched = self.successResultOf(self.slave.fetch("buildlog", self.folder, 9))
        self.assertRegex(fetched.reason, "^can't keep the file: .*Is a directory")

    def test_a_status_is_not_held_up_by_a_file(self):
        self.says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", xml(["BuilderStatus.IDLE"]))
        fetch = self.slave.fetch("buildlog", self.folder / "log", 9)
        self.assertEqual(SlaveStatus(BuilderStatus.IDLE), self.successResultOf(self.slave.status()))
        self.slave.close()
        self.assertIsInstance(self.successResultOf(fetch), Silence)
