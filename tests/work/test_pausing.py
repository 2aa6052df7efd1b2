"""Much is done without holding up the reactor."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.work.pausing import AT_ONCE, unhurried


class UnhurriedTests(SynchronousTestCase):
    def setUp(self):
        self.clock, self.done = Clock(), []

    def begin(self, count, took):
        """Do so many things, each of which takes so long."""

        async def work():
            async for item in unhurried(self.clock, range(count)):
                self.done.append(item)
                self.clock.rightNow += took

        return Deferred.fromCoroutine(work())

    def test_what_is_quick_is_done_in_one_go(self):
        self.successResultOf(self.begin(5, 0.0))
        self.assertEqual([0, 1, 2, 3, 4], self.done)

    def test_others_have_the_reactor_between(self):
        ended = self.begin(10, AT_ONCE * 0.4)
        self.assertEqual([0, 1, 2], self.done)
        self.assertNoResult(ended)
        self.clock.pump([0.0] * 3)
        self.successResultOf(ended)
        self.assertEqual(list(range(10)), self.done)
