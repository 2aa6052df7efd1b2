"""Of several masters on one PostgreSQL one takes the turns, and all hear of what is to be done."""

import select

from twisted.internet.defer import Deferred, execute, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.daemon.masters import Elected, Election
from buildmaster.daemon.notify import PAUSE, NotificationListener, notify
from buildmaster.work.database import Transactions, make_engine
from tests.support.commands import CommandFarm
from tests.support.databases import postgresql_url
from tests.support.processes import LIMIT


class ElectionTests(SynchronousTestCase):
    def setUp(self):
        self.url = postgresql_url()

    def election(self, url=None):
        engine = make_engine(url or self.url)
        election = Election(engine)
        self.addCleanup(engine.dispose)
        self.addCleanup(election.resign)
        return election

    def test_one_is_elected_and_stays_so(self):
        first, second = self.election(), self.election()
        self.assertEqual([True, False, True], [first.ask(), second.ask(), first.ask()])

    def test_another_follows_one_that_resigns(self):
        first, second = self.election(), self.election()
        first.ask()
        first.resign()
        self.assertTrue(second.ask())
        self.assertFalse(first.ask())

    def test_one_that_loses_its_connection_is_elected_anew_or_not_at_all(self):
        first, second = self.election(), self.election()
        first.ask()
        first._connection.connection.dbapi_connection.close()
        self.assertTrue(second.ask())
        self.assertFalse(first.ask())

    def test_on_sqlite_there_is_nobody_else(self):
        farm = CommandFarm(self)
        self.assertTrue(Election(farm.transactions.engine).ask())


class Once:
    name = "dispatcher"
    turns = 0

    def run(self):
        self.turns += 1


class ElectedTests(SynchronousTestCase):
    def test_who_is_not_elected_does_nothing(self):
        task = Once()
        self.successResultOf(Deferred.fromCoroutine(Elected(task, lambda: succeed(False)).run()))
        self.assertEqual(0, task.turns)
        self.successResultOf(Deferred.fromCoroutine(Elected(task, lambda: succeed(True)).run()))
        self.assertEqual(1, task.turns)


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
