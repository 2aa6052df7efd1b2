"""The slave client: facts from good answers, one Silence from anything else, and never a failure."""

import errno
import shutil
import tempfile
from pathlib import Path
from unittest.mock import Mock
from xmlrpc.client import Binary, Fault, dumps

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from buildmaster.farm.builders.replies import BuildReply, Present, Silence, SlaveInfo, SlaveStatus
from buildmaster.farm.builders.states import BuilderStatus
from buildmaster.farm.vocabulary.contents import Content
from buildmaster.files.writing import HashedFile
from buildmaster.slave.client import ISlave, Slave
from buildmaster.slave.files import PIECE
from tests.support.network import SILENT, Network

URL = "http://bob:8221/"
IDLE = SlaveStatus(BuilderStatus.IDLE)


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


NOISE = (
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Connection: close\r\n",
    b"\r\n",
    b"5\r\nhello\r\n0\r\n\r\n",
    xml(["BuilderStatus.IDLE"]),
    xml({"builder_status": "BuilderStatus.WAITING", "filemap": {"a": Binary(b"1")}}),
    xml(Fault(8002, "error")),
)


class Noise(Protocol):
    """A slave that answers all with the same bytes, so many at a time, and then may hang up."""

    def __init__(self, said, size, close):
        self.close = close
        self.pieces = [said[start : start + size] for start in range(0, len(said), size)]

    def dataReceived(self, data):
        for piece in self.pieces:
            self.transport.write(piece)
        if self.close:
            self.transport.loseConnection()


class WireTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.network = Network(self.clock)
        self.requests, self.replies = [], []
        self.slave = Slave(self.network, URL, 40.0)
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def tearDown(self):
        self.slave.close()
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

    def test_reads_both_forms_of_a_status(self):
        self.assertEqual(IDLE, self.status(xml(["BuilderStatus.IDLE", ""])))
        self.assertEqual(IDLE, self.status(xml({"builder_status": "BuilderStatus.IDLE"})))

    def test_each_call_returns_its_fact(self):
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
            http(b"<!DOCTYPE x><methodResponse/>"),
            xml(5),
        ):
            self.assertRegex(self.status(reply).reason, "^garbage: .{4}")

    def test_a_long_reply_is_cut_while_it_is_read(self):
        head = b"HTTP/1.1 200 OK\r\n\r\n"
        self.assertEqual(Silence("garbage: more than 1048576 bytes"), self.status(head + bytes(1_048_577)))
        self.assertEqual([], self.network.connections)
        self.assertEqual(Silence("garbage: more than 1048576 bytes"), self.status(http(bytes(1_048_577))[:60]))

    @given(st.lists(st.sampled_from(NOISE) | st.binary(max_size=40), max_size=6), st.booleans(), st.integers(1, 60))
    def test_no_bytes_make_a_call_fail_or_hang(self, noise, close, size):
        clock = Clock()
        network = Network(clock)
        network.listen("bob", 8221, Factory.forProtocol(lambda: Noise(b"".join(noise), size, close)))
        slave, path = Slave(network, URL, 40.0), self.folder / "log"
        calls = [slave.status(), slave.build("1-2", "debian", "ab", {}, {}), slave.info()]
        fetch = slave.fetch("buildlog", HashedFile(path), 100)
        clock.pump([40.0] * 4)
        for call in calls:
            self.assertIsInstance(self.successResultOf(call), Silence | SlaveStatus | SlaveInfo | BuildReply)
        self.assertIsInstance(self.successResultOf(fetch), Silence | Content)
        slave.close()
        self.assertEqual([], network.connections)

    def test_an_answer_must_come_in_time(self):
        self.says(b"HTTP/1.1 200 OK\r\n")
        call = self.slave.status()
        self.clock.advance(39.9)
        self.assertNoResult(call)
        self.clock.advance(0.1)
        self.assertEqual(Silence("no answer in 40 seconds"), self.successResultOf(call))
        self.assertEqual([], self.network.connections)

    def test_each_call_has_its_own_time(self):
        for first in (self.slave.status, lambda: self.slave.ensurepresent("ab", None, "", "")):
            self.says(xml(["BuilderStatus.IDLE", ""]), b"")
            self.successResultOf(first())
            self.clock.advance(30)
            call = self.slave.status()
            self.clock.pump([10, 10, 10, 9.9])
            self.assertNoResult(call)
            self.clock.advance(0.2)
            self.assertEqual(Silence("no answer in 40 seconds"), self.successResultOf(call))

    def test_nothing_is_watched_when_nothing_is_asked(self):
        self.status(xml(["BuilderStatus.IDLE"]))
        self.clock.advance(40)
        self.assertEqual([], self.clock.getDelayedCalls())

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
            self.assertEqual(IDLE, self.successResultOf(self.slave.status()))
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
        return self.slave.fetch("buildlog", HashedFile(self.folder / "log"), limit)

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

    def test_a_file_that_is_small_enough_to_be_held_is_not_written(self):
        for size, hold, held in ((0, 1, True), (3, 4, True), (3, 3, False), (0, 0, False), (PIECE, PIECE + 1, False)):
            self.says(http(b"x" * size))
            into = HashedFile(self.folder / "log")
            fetched = self.successResultOf(self.slave.fetch("buildlog", into, 3_000_000, hold))
            self.assertEqual(b"x" * size if held else size, fetched if held else fetched.size)
            self.assertIs(not held, (self.folder / "log").exists())
            (self.folder / "log").unlink(missing_ok=True)

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

    def test_a_disk_that_takes_no_file_is_no_silence(self):
        self.says(http(b"abc"))
        self.failureResultOf(self.slave.fetch("buildlog", HashedFile(self.folder), 9), IsADirectoryError)

    def test_what_a_full_disk_does_not_take_is_fetched_no_further_and_leaves_nothing(self):
        full = OSError(errno.ENOSPC, "No space left on device")
        for when, size in (("add", 2_500_000), ("finish", 2_000_000), ("finish", 3)):
            into = HashedFile(self.folder / "log")
            into.add(b"")
            self.patch(into, when, Mock(side_effect=full))
            self.says(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(min(size, 2_000_000)))
            self.assertIs(full, self.failureResultOf(self.slave.fetch("buildlog", into, 3_000_000)).value)
            self.assertEqual([], list(self.folder.iterdir()))
            self.assertEqual(when == "finish", bool(self.network.connections))

    def test_a_file_that_stalls_is_given_up(self):
        call = self.fetch(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
        self.clock.advance(40)
        self.assertEqual(Silence("no answer in 40 seconds"), self.successResultOf(call))

    def test_a_file_may_take_its_time_while_it_comes_but_not_for_ever(self):
        call = self.fetch(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n", limit=999)
        (server,) = self.network.connections
        for _ in range(26):
            self.assertNoResult(call)
            server.write(b"x")
            self.clock.advance(30)
        for _ in range(4):
            server.write(b"x")
            self.clock.advance(30)
        self.assertEqual(Silence("no answer in 40 seconds"), self.successResultOf(call))
        self.assertEqual([], list(self.folder.iterdir()))

    def test_the_slave_waits_while_the_disk_is_busy(self):
        self.network.hold_threads()
        call = self.fetch(http(bytes(2_500_000)), limit=9_000_000)
        (client,) = [end.peer for end in self.network.connections]
        self.assertTrue(client.paused)
        self.network.release_threads()
        self.assertFalse(client.paused)
        self.assertEqual(2_500_000, self.successResultOf(call).size)

    def test_a_status_is_not_held_up_by_a_file(self):
        self.says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", xml(["BuilderStatus.IDLE"]))
        fetch = self.slave.fetch("buildlog", HashedFile(self.folder / "log"), 9)
        self.assertEqual(IDLE, self.successResultOf(self.slave.status()))
        self.slave.close()
        self.assertIsInstance(self.successResultOf(fetch), Silence)
