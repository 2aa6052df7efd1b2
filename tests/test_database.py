"""Work that shares a transaction, and what becomes of it where one piece fails."""

from sqlalchemy import event, text
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.database import Transactions, make_engine
from tests.databases import a_folder


def keep(session, word):
    session.execute(text("INSERT INTO kept VALUES (:word)"), {"word": word})
    return word


def fail(session):
    keep(session, "lost")
    raise ValueError("a fault of this piece")


class WritingTogetherTests(SynchronousTestCase):
    def setUp(self):
        self.transactions = Transactions(make_engine(f"sqlite:///{a_folder() / 'some.sqlite'}"))
        self.addCleanup(self.transactions.engine.dispose)
        self.transactions.write(lambda session: session.execute(text("CREATE TABLE kept (word TEXT)")) and None)
        self.commits = []
        event.listen(self.transactions.engine, "commit", self.commits.append)

    def kept(self):
        return self.transactions.read(lambda session: session.scalars(text("SELECT word FROM kept")).all())

    def test_works_share_one_commit_and_see_what_came_before(self):
        see = lambda session: len(session.scalars(text("SELECT word FROM kept")).all())  # noqa: E731
        results = self.transactions.write_all([(keep, ("a",)), (see, ()), (keep, ("b",))])
        self.assertEqual((["a", 1, "b"], 1), (results, len(self.commits)))
        self.assertEqual(["a", "b"], self.kept())

    def test_one_that_fails_spoils_nothing_of_the_others(self):
        first, second, third = self.transactions.write_all([(keep, ("a",)), (fail, ()), (keep, ("b",))])
        self.assertEqual(("a", "b"), (first, third))
        self.assertIsInstance(second, Failure)
        second.trap(ValueError)
        self.assertEqual(["a", "b"], self.kept())
