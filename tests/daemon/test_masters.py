"""Of several masters on one PostgreSQL one takes the turns."""

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.daemon.masters import Elected, Election
from buildmaster.work.transactions import make_engine
from tests.support.commands import CommandFarm
from tests.support.databases import postgresql_url


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
