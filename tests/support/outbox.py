"""An outbox in the database of a farm, for tests of what lies in it."""

from datetime import datetime, timedelta

import pytz
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.model.tables.outbox import due_messages, post
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
