"""Messages are written with the reason for them, and wait until they are sent or given up."""

from datetime import timedelta

from buildmaster.model.tables.outbox import GIVEN_UP_AFTER, mark_refused, mark_sent
from tests.support.outbox import MINUTE, NOW, OutboxTestCase


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
