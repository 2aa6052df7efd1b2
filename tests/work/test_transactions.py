"""A transaction is run again where that may help, and a locked SQLite file is waited for."""

import sqlite3
import threading

import psycopg2
from sqlalchemy.exc import OperationalError
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.model.tables.distribution import Processor
from buildmaster.work.transactions import FIRST_PAUSE, TRIES, Transactions, make_engine, passing
from tests.support.databases import a_folder, sqlite_url


class PostgresqlError(psycopg2.OperationalError):
    """An error of the driver's, with the server's code."""

    pgcode = None


def an_error(words="disk I/O error", pgcode=None, *, gone=False):
    orig = sqlite3.OperationalError(words)
    if pgcode:
        orig = PostgresqlError(words)
        orig.pgcode = pgcode
    return OperationalError("COMMIT", {}, orig, connection_invalidated=gone)


class PassingTests(SynchronousTestCase):
    def test_what_may_help_to_be_tried_again(self):
        self.assertTrue(passing(an_error("database is locked")))
        self.assertTrue(passing(an_error("could not serialize access", "40001")))
        self.assertTrue(passing(an_error("deadlock detected", "40P01")))
        self.assertTrue(passing(an_error("server closed the connection", gone=True)))

    def test_what_is_wrong_for_good(self):
        self.assertFalse(passing(an_error()))
        self.assertFalse(passing(an_error("duplicate key", "23505")))


class TransactionsTests(SynchronousTestCase):
    def setUp(self):
        self.pauses = []
        self.url = sqlite_url(a_folder())
        self.transactions = Transactions(make_engine(self.url), self.pauses.append)
        self.addCleanup(self.transactions.engine.dispose)

    def names(self):
        return self.transactions.read(lambda session: [processor.name for processor in session.query(Processor)])

    def failing(self, times, error):
        left = [error] * times

        def work(session, name):
            session.add(Processor(name=name))
            session.flush()
            if left:
                raise left.pop()
            return name

        return work

    def test_a_passing_failure_is_tried_again_and_leaves_nothing_twice(self):
        work = self.failing(2, an_error("database is locked"))
        self.assertEqual("amd64", self.transactions.write(work, "amd64"))
        self.assertEqual((["amd64"], [FIRST_PAUSE, 2 * FIRST_PAUSE]), (self.names(), self.pauses))

    def test_the_tries_are_bounded(self):
        work = self.failing(TRIES, an_error("deadlock detected", "40P01"))
        self.assertRaises(OperationalError, self.transactions.write, work, "amd64")
        self.assertEqual(([], TRIES - 1), (self.names(), len(self.pauses)))

    def test_another_failure_is_raised_at_once(self):
        self.assertRaises(OperationalError, self.transactions.write, self.failing(1, an_error()), "amd64")
        self.assertEqual(([], []), (self.names(), self.pauses))

    def test_a_locked_file_is_waited_for(self):
        other = sqlite3.connect(self.url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)
        self.addCleanup(other.close)
        other.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(0.3, other.execute, ["COMMIT"])
        timer.start()
        self.addCleanup(timer.join)
        self.assertEqual([], self.names())  # who only reads waits for nobody
        self.transactions.write(lambda session: session.add(Processor(name="amd64")))
        self.assertEqual((["amd64"], []), (self.names(), self.pauses))
