"""Work that shares a transaction, and what becomes of it where one piece fails."""

from queue import Queue

from sqlalchemy import event, text
from twisted.internet.defer import DeferredList
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.work.database import IN_A_BATCH, Database, InlineDatabase, write_all
from buildmaster.work.transactions import Transactions, make_engine
from tests.support.databases import a_folder


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
        results = write_all(self.transactions, [(keep, ("a",)), (see, ()), (keep, ("b",))])
        self.assertEqual((["a", 1, "b"], 1), (results, len(self.commits)))
        self.assertEqual(["a", "b"], self.kept())

    def test_one_that_fails_spoils_nothing_of_the_others(self):
        first, second, third = write_all(self.transactions, [(keep, ("a",)), (fail, ()), (keep, ("b",))])
        self.assertEqual(("a", "b"), (first, third))
        self.assertIsInstance(second, Failure)
        second.trap(ValueError)
        self.assertEqual(["a", "b"], self.kept())


class Calls(Clock):
    """The part of a reactor that is used; what threads ask for is called when the test waits for it."""

    def __init__(self):
        super().__init__()
        self._asked = Queue()

    def callFromThread(self, work, *args):
        self._asked.put((work, args))

    def until(self, done):
        """Return the result of a Deferred that a thread fires, when nobody's patience is asked for."""
        while not done.called:
            self.advance(0)
            if not done.called:
                work, args = self._asked.get(timeout=30)
                work(*args)
        return done.result


def keep_all(session, words):
    if "bad" in words:
        raise ValueError("a bad word")
    return [f"{keep(session, word)} of {len(words)}" for word in words]


class JoiningTests(SynchronousTestCase):
    def setUp(self):
        self.transactions = Transactions(make_engine(f"sqlite:///{a_folder() / 'some.sqlite'}"))
        self.transactions.write(lambda session: session.execute(text("CREATE TABLE kept (word TEXT)")) and None)
        self.calls = Calls()
        self.database = Database(self.calls, self.transactions)
        self.database.start()
        self.addCleanup(self.database.stop)

    def results(self, words):
        """Return what became of the words, which come at once."""
        joined = DeferredList([self.database.join(keep_all, word) for word in words], consumeErrors=True)
        return self.calls.until(joined)

    def test_what_waits_for_the_same_deed_is_done_at_once_and_each_gets_its_own_result(self):
        self.assertEqual([(True, "a of 3"), (True, "b of 3"), (True, "c of 3")], self.results(["a", "b", "c"]))

    def test_an_item_that_spoils_the_deed_fails_alone(self):
        (_, first), (good, failure), (_, third) = self.results(["a", "bad", "c"])
        self.assertEqual(("a of 1", "c of 1"), (first, third))
        self.assertFalse(good)
        failure.trap(ValueError)

    def test_a_deed_takes_a_bounded_number_of_items(self):
        results = self.results([str(number) for number in range(IN_A_BATCH + 3)])
        self.assertEqual({f"0 of {IN_A_BATCH}", "202 of 3"}, {results[0][1], results[-1][1]})

    def test_an_item_that_is_patient_waits_for_another_work_but_not_for_ever(self):
        for elapse, company in ((0.0, True), (0.02, False)):
            commits = []
            event.listen(self.transactions.engine, "commit", commits.append)
            patient = self.database.join(keep_all, "a", 0.02)
            self.calls.advance(0.01)
            self.assertFalse(self.database._writing)
            other = self.database.run(keep, "b") if company else None
            self.calls.advance(elapse)
            self.assertEqual("a of 1", self.calls.until(patient))
            if company:
                self.assertEqual("b", self.calls.until(other))
            self.assertEqual(1, len(commits))

    def test_one_that_is_not_patient_hastens_those_of_its_deed(self):
        patient = self.database.join(keep_all, "a", 5.0)
        hasty = self.database.join(keep_all, "b")
        self.assertEqual(["a of 2", "b of 2"], [self.calls.until(done) for done in (patient, hasty)])

    def test_what_waits_patiently_when_the_service_stops_is_done(self):
        database = Database(self.calls, self.transactions)
        database.start()
        database.join(keep_all, "a", 5.0)
        database.stop()
        kept = self.transactions.read(lambda session: session.scalars(text("SELECT word FROM kept")).all())
        self.assertEqual((["a"], []), (kept, self.calls.getDelayedCalls()))

    def test_without_threads_it_is_done_at_once(self):
        inline = InlineDatabase(self.transactions)
        self.assertEqual("a of 1", self.successResultOf(inline.join(keep_all, "a")))
