"""Builders are asked when their time has come, and not too many of them at once."""

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.builders.pacing import MOST, Pace
from buildmaster.tasks.scanner.calls import APART, TurnCalls
from buildmaster.tasks.scanner.round import Round
from buildmaster.tasks.scanner.timetable import Paces, Timetable
from tests.support.facts import NOW, a_builder, a_word

PACE = Pace(building=5.0, idle=30.0)
MANY = 1000


class Slaves:
    """Slaves that are all idle, and answer at once; ``asked`` are the seconds at which each was asked."""

    def __init__(self, clock):
        self.clock, self.asked = clock, {}

    def of(self, builder):
        self.builder = builder
        return self

    def status(self):
        self.asked.setdefault(self.builder.id, []).append(self.clock.seconds())
        return succeed(a_word("IDLE"))


class PacesTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.clock.advance(1000)
        self.slaves, self.nudges, self.away = Slaves(self.clock), [], frozenset()
        timetable = Timetable(self.clock, Paces(PACE, lambda: NOW))
        calls = TurnCalls(self.clock, lambda: self.nudges.append("turn"))
        self.asking = Round(self.clock, self.slaves, timetable, calls)
        self.builders = {number: a_builder(id=number, name=f"b{number}") for number in range(MANY)}

    def turn(self, everybody=False):
        """Take a turn, as the scanner does; return how many were asked."""
        called = self.asking.begin(self.away)
        if everybody:
            self.asking.survey(list(self.builders.values()))
        there = {id_: builder for id_, builder in self.builders.items() if id_ not in self.away}
        believed = {id_: builder for id_, builder in there.items() if everybody or id_ in called}
        before = self.count()
        asked = Deferred.fromCoroutine(self.ask(believed))
        while not asked.called:
            self.clock.advance(0)
        self.asking.end(self.away)
        return self.count() - before

    async def ask(self, believed):
        await self.asking.ask_those_due(list(believed.values()))
        async for _ in self.asking.answers(believed):
            pass

    def count(self):
        return sum(len(times) for times in self.slaves.asked.values())

    def run_for(self, seconds):
        """Take the turns of so many seconds; return how many were asked in each."""
        turns = []
        for number in range(round(seconds / APART)):
            self.clock.advance(APART)
            turns.append(self.turn(everybody=number % 20 == 0))
        return turns

    def test_many_that_are_due_together_are_asked_one_after_the_other(self):
        self.assertEqual(MOST, self.turn(everybody=True))
        self.assertLessEqual(max(self.run_for(5)), 20)
        self.assertEqual({1}, {len(times) for times in self.slaves.asked.values()})
        self.assertEqual(MANY, len(self.slaves.asked))

    def test_they_are_not_due_together_again(self):
        self.turn(everybody=True)
        self.run_for(5)
        again = self.run_for(40)
        self.assertEqual(2 * MANY, self.count())
        self.assertLessEqual(max(again), 20)

    def test_the_others_are_asked_while_many_are_away(self):
        self.turn(everybody=True)
        self.run_for(5)
        self.away = frozenset(range(0, MANY, 10))
        self.run_for(PACE.idle + 5)
        there = [times for id_, times in self.slaves.asked.items() if id_ not in self.away]
        self.assertEqual({2}, {len(times) for times in there})

    def test_where_each_turn_is_a_look_at_everybody_none_is_forgotten(self):
        for _ in range(60):
            self.turn(everybody=True)
            self.clock.advance(1.0)
        self.assertEqual(MANY, len(self.slaves.asked))

    def test_few_are_all_asked_at_once_and_then_when_they_are_due(self):
        self.builders = {number: self.builders[number] for number in range(3)}
        self.assertEqual(3, self.turn(everybody=True))
        self.clock.advance(PACE.idle - 0.1)
        self.assertEqual([], self.nudges)
        self.clock.advance(0.1)
        self.assertEqual(["turn"], self.nudges)
        self.assertEqual(3, self.turn())
