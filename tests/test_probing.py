"""The questions to slaves that are under way, and the answers that no turn has taken yet."""

from dataclasses import replace

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.states import CleanStatus
from buildmaster.probing import LONGEST, QUIET, Probes
from tests.makers import INFO, REFUSED, a_builder, a_job, a_word

IDLE = a_word("IDLE")


class Slaves:
    """Slaves whose answers a test gives."""

    def __init__(self):
        self.asked = {}

    def of(self, builder):
        self.builder = builder
        return self

    def status(self):
        self.asked[self.builder.id] = Deferred()
        return self.asked[self.builder.id]

    def info(self):
        return succeed(INFO)


class ProbeTests(SynchronousTestCase):
    def setUp(self):
        self.clock, self.slaves, self.nudges = Clock(), Slaves(), []
        self.probes = Probes(self.clock, self.slaves, lambda: self.nudges.append("late"))
        self.builders = [a_builder(id=number, name=f"b{number}") for number in range(1, 4)]

    def ask(self, *builders):
        for builder in builders or self.builders:
            self.probes.ask(builder)
        return self.probes.gather()

    def answer(self, number, word=IDLE):
        self.slaves.asked[number].callback(word)

    def test_a_turn_ends_when_all_have_answered(self):
        turn = self.ask()
        for number in (1, 2):
            self.answer(number)
        self.assertNoResult(turn)
        self.answer(3, REFUSED)
        self.successResultOf(turn)
        self.assertEqual([IDLE, IDLE, REFUSED], [self.probes.take(builder).word for builder in self.builders])
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_a_turn_ends_when_nobody_has_answered_for_a_moment(self):
        turn = self.ask()
        self.clock.advance(QUIET * 0.9)
        self.answer(1)
        self.clock.advance(QUIET * 0.9)
        self.assertNoResult(turn)
        self.clock.advance(QUIET * 0.2)
        self.successResultOf(turn)
        self.assertIsNone(self.probes.take(self.builders[1]))

    def test_a_turn_waits_no_longer_than_two_seconds(self):
        builders = [a_builder(id=number) for number in range(40)]
        turn = self.ask(*builders)
        for number in range(40):
            if not turn.called:
                self.answer(number)
                self.clock.advance(QUIET * 0.8)
        self.successResultOf(turn)
        self.assertAlmostEqual(LONGEST, self.clock.seconds(), delta=QUIET)

    def test_a_turn_with_nobody_to_ask_is_over_at_once(self):
        self.successResultOf(self.probes.gather())

    def test_a_late_answer_is_taken_into_the_next_turn_which_is_called_for(self):
        turn = self.ask(self.builders[0])
        self.clock.advance(QUIET)
        self.successResultOf(turn)
        self.answer(1)
        self.assertEqual(["late"], self.nudges)
        self.assertEqual(IDLE, self.probes.take(self.builders[0]).word)
        self.assertIsNone(self.probes.take(self.builders[0]))

    def test_an_answer_is_worth_nothing_when_the_belief_has_changed(self):
        for change in ({"job": a_job()}, {"clean_status": CleanStatus.DIRTY}, {"url": "http://elsewhere/"}):
            self.ask(self.builders[0])
            self.answer(1)
            self.assertIsNone(self.probes.take(replace(self.builders[0], **change)))
            self.assertTrue(self.probes.due(self.builders[0], 0.0))

    def test_who_has_a_question_or_an_answer_under_way_is_not_asked_again(self):
        [bob, *_] = self.builders
        self.assertTrue(self.probes.due(bob, 30.0))
        self.ask(bob)
        self.clock.advance(60)
        self.assertFalse(self.probes.due(bob, 30.0))
        self.answer(1)
        self.assertFalse(self.probes.due(bob, 30.0))
        self.probes.take(bob)
        self.assertTrue(self.probes.due(bob, 30.0))
        self.assertFalse(self.probes.due(bob, 61.0))
        self.assertFalse(self.probes.due(bob, None))

    def test_a_stranger_is_asked_what_it_is_and_a_known_one_only_how_it_does(self):
        for facts, info in (
            ({}, None),
            ({"clean_status": CleanStatus.DIRTY}, INFO),
            ({"builderok": False}, INFO),
            ({"kinds": ()}, INFO),
            ({"kinds": (), "job": a_job()}, None),
        ):
            builder = a_builder(**facts)
            self.ask(builder)
            self.answer(1)
            self.assertEqual(info, self.probes.take(builder).info, facts)

    def test_a_question_that_breaks_is_logged_and_ends(self):
        turn = self.ask(self.builders[0])
        self.slaves.asked[1].errback(ValueError("spoilt"))
        self.successResultOf(turn)
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))
        self.assertTrue(self.probes.due(self.builders[0], 0.0))
