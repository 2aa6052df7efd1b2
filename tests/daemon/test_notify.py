"""All masters on one PostgreSQL hear of what is to be done."""

import select

from twisted.internet.defer import execute
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.daemon.notify import PAUSE, NotificationListener
from buildmaster.daemon.waking import notify
from buildmaster.work.transactions import Transactions, make_engine
from tests.support.commands import CommandFarm
from tests.support.databases import postgresql_url
from tests.support.processes import LIMIT


class Readers(Clock):
    """A clock that remembers who is to be read."""

    def __init__(self):
        super().__init__()
        self.readers = set()

    def addReader(self, reader):
        self.readers.add(reader)

    def removeReader(self, reader):
        self.readers.discard(reader)


class NotificationTests(SynchronousTestCase):
    def setUp(self):
        self.engine = make_engine(postgresql_url())
        self.addCleanup(self.engine.dispose)
        self.reactor, self.heard = Readers(), []
        self.listener = NotificationListener(self.reactor, self.engine, execute, self.heard.append)
        self.listener.startService()
        self.addCleanup(self.listener.stopService)

    def notify(self, *names):
        Transactions(self.engine).write(notify, names)
        self.assertTrue(select.select([self.listener], [], [], LIMIT)[0], f"nothing came in {LIMIT} s")
        self.listener.doRead()

    def test_a_command_is_heard_everywhere(self):
        self.notify("dispatcher", "uploader")
        self.assertEqual(["dispatcher", "uploader"], self.heard)

    def test_a_lost_connection_is_made_again(self):
        self.listener._connection.close()
        self.listener.doRead()
        self.assertEqual(set(), self.reactor.readers)
        self.reactor.advance(PAUSE)
        self.notify("dispatcher")
        self.assertEqual(["dispatcher"], self.heard)

    def test_nothing_is_left_after_the_stop(self):
        self.listener.stopService()
        self.assertEqual((set(), []), (self.reactor.readers, self.reactor.getDelayedCalls()))

    def test_on_sqlite_there_is_nothing_to_hear(self):
        CommandFarm(self).transactions.write(notify, ["dispatcher"])
