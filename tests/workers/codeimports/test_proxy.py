"""The proxy of imports: what it understands, and where it connects."""

from twisted.internet.defer import Deferred, execute
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.workers.codeimports.fence import Fence, FencedError
from buildmaster.workers.codeimports.proxy import Far, ProxyFactory, understood, way_through

GET = b"GET http://example.org/a?b HTTP/1.1\r\nHost: example.org\r\nProxy-Connection: keep-alive\r\n\r\n"


class UnderstandingTests(SynchronousTestCase):
    def test_a_tunnel(self):
        wanted = ("example.org", 443, b"", b"HTTP/1.1 200 Connection established\r\n\r\n")
        self.assertEqual(wanted, understood(b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443"))

    def test_a_plain_request_is_the_only_one_of_its_connection(self):
        opening = b"GET /a?b HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n"
        self.assertEqual(("example.org", 80, opening, b""), understood(GET[:-4]))

    def test_an_address_of_ipv6_loses_its_brackets(self):
        self.assertEqual(("::1", 8080), understood(b"GET http://[::1]:8080/ HTTP/1.1\r\nHost: x")[:2])

    def test_anything_else_is_refused(self):
        for head in (
            b"GET / HTTP/1.1",
            b"CONNECT a HTTP/1.1",
            b"GET file:///etc/passwd HTTP/1.1",
            b"",
            b"GET http://u@h/ HTTP/1.1",
        ):
            self.assertRaises(FencedError, understood, head)


class ProxyTests(SynchronousTestCase):
    """The proxy with a server that is a transport in memory."""

    def setUp(self):
        self.hosts = []
        self.server = StringTransport()
        self.client = StringTransport()
        self.near = ProxyFactory(self.way).buildProtocol(None)
        self.near.makeConnection(self.client)

    def way(self, host, port, near):
        self.hosts.append((host, port))
        self.far = Far(near)
        self.opened = Deferred()
        return self.opened

    def open(self):
        self.far.makeConnection(self.server)
        self.opened.callback(self.far)

    def test_a_plain_request_is_passed_on(self):
        self.near.dataReceived(GET)
        self.assertEqual([("example.org", 80)], self.hosts)
        self.open()
        self.assertTrue(self.server.value().startswith(b"GET /a?b HTTP/1.1\r\n"))
        self.far.dataReceived(b"HTTP/1.1 204 No Content\r\n\r\n")
        self.assertEqual(b"HTTP/1.1 204 No Content\r\n\r\n", self.client.value())

    def test_a_head_may_come_in_pieces_and_a_body_after_it(self):
        for number in range(len(GET)):
            self.near.dataReceived(GET[number : number + 1])
        self.near.dataReceived(b"body")
        self.open()
        self.near.dataReceived(b" more")
        self.assertTrue(self.server.value().endswith(b"\r\n\r\nbody more"))

    def test_a_tunnel_carries_both_ways(self):
        self.near.dataReceived(b"CONNECT example.org:443 HTTP/1.1\r\n\r\n")
        self.open()
        self.near.dataReceived(b"hello")
        self.far.dataReceived(b"there")
        self.assertEqual(
            (b"hello", b"HTTP/1.1 200 Connection established\r\n\r\nthere"), (self.server.value(), self.client.value())
        )

    def test_who_is_fenced_off_is_told(self):
        self.near.dataReceived(GET)
        self.opened.errback(FencedError("example.org is inside"))
        self.assertIn(b"403 Forbidden", self.client.value())
        self.assertTrue(self.client.disconnecting)

    def test_when_one_side_goes_the_other_does(self):
        self.near.dataReceived(GET)
        self.open()
        self.far.connectionLost()
        self.assertTrue(self.client.disconnecting)

    def test_a_tool_that_did_not_wait_leaves_no_connection(self):
        self.near.dataReceived(GET)
        self.near.connectionLost()
        self.open()
        self.assertTrue(self.server.disconnecting)

    def test_a_head_without_end_is_not_kept(self):
        self.near.dataReceived(b"x" * 70000)
        self.assertTrue(self.client.disconnecting)


class WayTests(SynchronousTestCase):
    def test_nothing_is_connected_to_that_is_fenced_off(self):
        way = way_through(Clock(), execute, Fence([], lambda host: ["127.0.0.1"]))
        self.failureResultOf(way("localhost", 80, None), FencedError)
