"""Slow work for one builder, one errand at a time."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.files.disk import NotWrittenError
from buildmaster.work.errands import REST, Errands


class ErrandTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.errands = Errands(self.clock, 2)
        self.waits, self.begun = {}, []

    def begin(self, number, name="", purpose=""):
        async def errand():
            self.begun.append(name or number)
            self.waits[number] = Deferred()
            await self.waits[number]

        self.errands.begin(number, errand, purpose)

    def test_a_builder_is_away_while_on_its_errand(self):
        self.begin(1)
        self.assertEqual({1}, self.errands.away())
        self.waits[1].callback(None)
        self.assertEqual(frozenset(), self.errands.away())

    def test_one_whose_rows_are_still_to_be_written_may_have_another_errand_and_returns_when_they_are(self):
        self.errands.returned()
        self.begin(1)
        for written in (Deferred(), Deferred()):
            self.assertIs(written, self.errands.settle(1, written))
            self.assertEqual({1}, self.errands.settling())
            self.waits.pop(1, Deferred()).callback(None)
            self.assertEqual((frozenset(), {1}), (self.errands.away(), self.errands.settling()))
            self.errands.returned()
            written.callback("it is written")
            self.assertEqual("it is written", self.successResultOf(written))
            self.assertEqual((frozenset(), {1}), (self.errands.settling(), self.errands.returned()))

    def test_who_has_returned_is_told_once(self):
        self.assertEqual(frozenset(), self.errands.returned())
        for number in (1, 2):
            self.begin(number)
        self.waits[1].callback(None)
        self.assertEqual([{1}, frozenset()], [self.errands.returned(), self.errands.returned()])
        self.waits[2].errback(ValueError("spoilt"))
        self.flushLoggedErrors(ValueError)
        self.assertEqual({2}, self.errands.returned())

    def test_one_errand_per_builder(self):
        self.begin(1, "first")
        self.begin(1, "second")
        self.assertEqual(["first"], self.begun)

    def test_so_many_at_once_and_the_others_after_them(self):
        for number in (1, 2, 3):
            self.begin(number)
        self.assertEqual(([1, 2], 0, {1, 2, 3}), (self.begun, self.errands.room(), self.errands.away()))
        self.waits[1].callback(None)
        self.assertEqual(([1, 2, 3], {2, 3}), (self.begun, self.errands.away()))

    def test_those_of_another_purpose_have_room_of_their_own(self):
        for number in (1, 2, 3):
            self.begin(number)
        self.begin(4, purpose="begin")
        self.begin(1, "again", purpose="begin")
        self.assertEqual([1, 2, 4], self.begun)
        self.assertEqual((0, 1), (self.errands.room(), self.errands.room("begin")))

    def test_one_that_breaks_is_logged_and_its_builder_rests(self):
        self.begin(1)
        self.waits[1].errback(ValueError("spoilt"))
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))
        self.assertEqual({1}, self.errands.away())
        self.clock.advance(REST)
        self.assertEqual(frozenset(), self.errands.away())

    def test_one_that_the_disk_broke_says_so_in_one_line_without_a_traceback(self):
        self.begin(1)
        with capturedLogs() as events:
            self.waits[1].errback(NotWrittenError("hello: no space left"))
        (line,) = map(formatEvent, events)
        self.assertEqual("an errand for builder 1 broke; it is left alone for 30 s: hello: no space left", line)
        self.assertEqual({1}, self.errands.away())

    def test_stopping_waits_for_those_under_way(self):
        self.begin(1)
        stopped = self.errands.stop(60)
        self.assertNoResult(stopped)
        self.waits[1].callback(None)
        self.successResultOf(stopped)

    def test_those_that_wait_do_not_begin_while_it_stops(self):
        for number in (1, 2, 3):
            self.begin(number)
        stopped = self.errands.stop(60)
        self.waits[1].callback(None)
        self.waits[2].callback(None)
        self.successResultOf(stopped)
        self.begin(4)
        self.assertEqual([1, 2], self.begun)

    def test_stopping_waits_no_longer_than_its_limit(self):
        self.begin(1)
        stopped = self.errands.stop(60)
        self.clock.advance(60)
        self.successResultOf(stopped)
        self.flushLoggedErrors()
