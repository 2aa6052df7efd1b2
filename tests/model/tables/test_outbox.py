"""Messages are written with the reason for them, and sent sooner or later."""

from datetime import datetime, timedelta

import pytz
from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.model.tables.outbox import GIVEN_UP_AFTER, due_messages, mark_refused, mark_sent, post
from buildmaster.tasks.notifier import PATIENCE, Notifier
from buildmaster.work.database import InlineDatabase
from tests.support.commands import CommandFarm

NOW = datetime(2005, 4, 1, tzinfo=pytz.UTC)
MINUTE = timedelta(minutes=1)


class OutboxTestCase(SynchronousTestCase):
    def setUp(self):
        self.transactions = CommandFarm(self).transactions

    def post(self, recipient="ann@example.com", subject="s"):
        self.transactions.write(post, NOW, recipient, subject, "body\0", {"X-A": "b"})

    def due(self, now=NOW):
        return self.transactions.read(due_messages, now, 100)


class OutboxTests(OutboxTestCase):
    def test_a_message_is_due_at_once(self):
        self.post(subject="two\nlines")
        (message,) = self.due()
        self.assertEqual(("two lines", "body", (("X-A", "b"),)), (message.subject, message.body, message.headers))

    def test_one_that_was_sent_is_not_due(self):
        self.post()
        self.transactions.write(mark_sent, NOW, self.due()[0].id)
        self.assertEqual((), self.due(NOW + timedelta(days=1)))

    def test_the_pause_after_a_refusal_grows(self):
        self.post()
        self.transactions.write(mark_refused, NOW, 1, "dead")
        self.assertEqual((0, 1), (len(self.due(NOW + 0.9 * MINUTE)), len(self.due(NOW + MINUTE))))
        self.transactions.write(mark_refused, NOW, 1, "dead")
        self.assertEqual((0, 1), (len(self.due(NOW + 1.9 * MINUTE)), len(self.due(NOW + 2 * MINUTE))))

    def test_it_is_given_up_in_the_end(self):
        self.post()
        self.transactions.write(mark_refused, NOW + GIVEN_UP_AFTER + MINUTE, 1, "dead")
        self.assertEqual((), self.due(NOW + timedelta(days=100)))


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
        notifier = Notifier(InlineDatabase(self.transactions), host, lambda: NOW)
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
