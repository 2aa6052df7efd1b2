"""What waits for a deed goes into it together; one item that spoils it spoils it for no other."""

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.work.batches import BatchingQueue


class BatchingQueueTests(SynchronousTestCase):
    def setUp(self):
        self.threads = []
        self.deeds = []

    def in_thread(self, work, *args):
        """Let the work be done when the test says so."""
        start = Deferred()
        self.threads.append(start)
        return start.addCallback(lambda _: work(*args))

    def double(self, items):
        self.deeds.append(tuple(items))
        if 0 in items:
            raise ZeroDivisionError
        return [2 * item for item in items]

    def run_threads(self):
        while self.threads:
            self.threads.pop(0).callback(None)

    def test_what_comes_meanwhile_goes_together_in_order(self):
        queue = BatchingQueue(self.in_thread, self.double, 3)
        dones = [queue.add(item) for item in range(1, 7)]
        self.assertEqual(1, len(self.threads))
        self.run_threads()
        self.assertEqual([(1,), (2, 3, 4), (5, 6)], self.deeds)
        self.assertEqual([2, 4, 6, 8, 10, 12], [self.successResultOf(done) for done in dones])

    def test_there_is_one_thread_at_a_time(self):
        queue = BatchingQueue(self.in_thread, self.double, 2)
        for item in (1, 2, 3, 4):
            queue.add(item)
        while self.threads:
            [thread] = self.threads
            self.threads.clear()
            thread.callback(None)
        self.assertEqual([(1,), (2, 3), (4,)], self.deeds)

    def test_one_that_spoils_it_spoils_it_for_no_other(self):
        queue = BatchingQueue(self.in_thread, self.double, 9)
        first, *dones = [queue.add(item) for item in (1, 2, 0, 3)]
        self.run_threads()
        self.assertEqual([(1,), (2, 0, 3), (2,), (0,), (3,)], self.deeds)
        self.assertEqual([2, 4, 6], [self.successResultOf(done) for done in (first, dones[0], dones[2])])
        self.failureResultOf(dones[1], ZeroDivisionError)

    def test_where_the_deed_is_done_at_once_nobody_waits(self):
        queue = BatchingQueue(maybeDeferred, self.double, 9)
        self.assertEqual([2, 4], [self.successResultOf(queue.add(item)) for item in (1, 2)])
        self.failureResultOf(queue.add(0), ZeroDivisionError)
