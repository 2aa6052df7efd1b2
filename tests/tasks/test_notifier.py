"""Messages go to the mail host as they ought to, sooner or later, and what goes wrong is a reason."""

from datetime import timedelta
from email import message_from_bytes

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.testing import MemoryReactor, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.model.tables.outbox import Message
from buildmaster.tasks.notifier import PATIENCE, MailHost, Notifier, compose
from tests.support.contexts import a_context
from tests.support.outbox import NOW, OutboxTestCase

MESSAGE = Message(7, "ann@example.com", "Job x exited", (("From", "Sequencer"), ("X-Buildd", "yes")), "It did.\n")


class ComposeTests(SynchronousTestCase):
    def test_headers_stand_in_the_seeds_order(self):
        mail = message_from_bytes(compose(MESSAGE, "farm@example.com", NOW))
        self.assertEqual(["From", "To", "Subject", "X-Buildd"], mail.keys()[:4])
        self.assertEqual("Sequencer <farm@example.com>", mail["From"])

    def test_the_id_is_the_same_at_every_try(self):
        ids = {message_from_bytes(compose(MESSAGE, "f@e.com", NOW))["Message-ID"] for _ in range(3)}
        self.assertEqual(1, len(ids))

    @given(st.text(st.characters(exclude_categories=["Cs"])))
    def test_any_body_goes_in_seven_bits(self, body):
        message = Message(7, "ann@example.com", "s", (), body)
        self.assertTrue(compose(message, "farm@example.com", NOW).isascii())


class MailHostTests(SynchronousTestCase):
    def setUp(self):
        self.reactor = MemoryReactor()
        self.host = MailHost(self.reactor, "mail", 25, "farm@example.com")

    def connected(self):
        done = self.host.send(MESSAGE, NOW)
        transport = StringTransport(peerAddress=IPv4Address("TCP", "127.0.0.1", 25))
        client = self.reactor.tcpClients[0][2].buildProtocol(None)
        client.makeConnection(transport)
        self.addCleanup(client.setTimeout, None)
        return done, client, transport

    def answer(self, client, *lines):
        for line in lines:
            client.dataReceived(line.encode() + b"\r\n")

    def test_the_host_takes_it(self):
        done, client, transport = self.connected()
        self.answer(client, "220 hi", "250 hi", "250 ok", "250 ok", "354 go on")
        transport.producer.resumeProducing()
        self.answer(client, "250 taken", "221 bye")
        self.assertIn(b"\r\nSubject: Job x exited\r\n", transport.value())
        self.assertNotIn(b"\r\r\n", transport.value())
        self.assertIsNone(self.successResultOf(done))

    def test_a_refused_recipient_is_the_reason(self):
        done, client, _ = self.connected()
        self.answer(client, "220 hi", "250 hi", "250 ok", "550 nobody of that name", "250 ok", "221 bye")
        self.assertIn("nobody of that name", self.successResultOf(done))

    def test_a_dead_host_is_the_reason(self):
        done = self.host.send(MESSAGE, NOW)
        self.reactor.tcpClients[0][2].clientConnectionFailed(None, Failure(Refused()))
        self.assertIn("refused", self.successResultOf(done))

    def test_a_connection_that_breaks_is_the_reason(self):
        done, client, _ = self.connected()
        client.factory.clientConnectionLost(None, Failure(Refused()))
        self.assertTrue(self.successResultOf(done))


class Host:
    """A mail host that answers as the test says, and remembers to whom it was asked to send."""

    def __init__(self, reason=None):
        self.reason = reason
        self.asked = []

    def send(self, message, now):
        self.asked.append(message.recipient)
        return succeed(self.reason)


class NotifierTests(OutboxTestCase):
    def turn(self, host):
        notifier = Notifier(a_context(self.transactions, now=lambda: NOW), host)
        self.successResultOf(Deferred.fromCoroutine(notifier.run()))

    def test_sends_each_message_once(self):
        host = Host()
        self.post("ann@example.com")
        self.post("bob@example.com")
        self.turn(host)
        self.turn(host)
        self.assertEqual(["ann@example.com", "bob@example.com"], host.asked)

    def test_nothing_is_lost_by_a_dead_host(self):
        self.post()
        self.turn(Host("connection refused"))
        self.assertEqual(1, len(self.due(NOW + timedelta(hours=1))))

    def test_a_dead_host_is_not_asked_for_every_message(self):
        for _ in range(10):
            self.post()
        host = Host("connection refused")
        self.turn(host)
        self.assertEqual(PATIENCE, len(host.asked))

    def test_without_a_host_all_stay(self):
        self.post()
        self.turn(None)
        self.assertEqual(1, len(self.due()))
