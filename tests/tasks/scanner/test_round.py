"""The questions to slaves: which are due, which are under way, and the answers that no turn has taken yet."""

from dataclasses import replace

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.builders.states import CleanStatus
from buildmaster.tasks.scanner.calls import APART
from buildmaster.tasks.scanner.round import LONGEST, QUIET, SOME
from tests.support.facts import INFO, REFUSED, a_builder, a_job, a_word
from tests.support.questions import ROOM, Questions

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


class RoundTests(SynchronousTestCase):
    def setUp(self):
        self.clock, self.slaves, self.nudges = Clock(), Slaves(), []
        self.asking = Questions(self.clock, self.slaves, lambda: self.nudges.append("turn"))
        self.builders = [a_builder(id=number, name=f"b{number}") for number in range(1, 4)]

    def ask(self, *builders):
        """Begin a turn that asks these; return what ends when it has waited for them."""
        self.asking.begin(ROOM)
        for builder in builders or self.builders:
            self.asking.ask(builder)
        return self.asking.gather()

    def take(self, builder):
        return self.asking.take({builder.id: builder}).get(builder.id)

    def due(self, builder, delay):
        self.asking.begin(ROOM)
        self.asking.plan(builder, delay)
        return bool(self.asking.due([builder]))

    def answer(self, number, word=IDLE):
        self.slaves.asked[number].callback(word)

    def test_a_turn_ends_when_all_have_answered(self):
        turn = self.ask()
        for number in (1, 2):
            self.answer(number)
        self.assertNoResult(turn)
        self.answer(3, REFUSED)
        self.assertFalse(self.successResultOf(turn))
        self.assertEqual([IDLE, IDLE, REFUSED], [self.take(builder).word for builder in self.builders])
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_a_turn_ends_when_nobody_has_answered_for_a_moment(self):
        turn = self.ask()
        self.clock.advance(QUIET * 0.9)
        self.assertNoResult(turn)
        self.clock.advance(QUIET * 0.2)
        self.assertFalse(self.successResultOf(turn))
        self.assertIsNone(self.take(self.builders[1]))

    def test_what_has_come_is_acted_on_while_others_are_waited_for(self):
        turn = self.ask()
        self.answer(1)
        self.clock.advance(SOME)
        self.assertTrue(self.successResultOf(turn))
        self.answer(2)
        self.assertTrue(self.successResultOf(self.asking.gather()), "it came while the first was acted on")
        turn = self.asking.gather()
        self.assertNoResult(turn)
        self.answer(3)
        self.assertFalse(self.successResultOf(turn))
        self.assertEqual([], self.nudges)

    def test_a_turn_waits_no_longer_than_its_limit(self):
        builders = [a_builder(id=number) for number in range(40)]
        turn = self.ask(*builders)
        for number in range(40):
            self.answer(number)
            self.clock.advance(SOME)
            if not self.successResultOf(turn):
                break
            turn = self.asking.gather()
        self.assertLess(abs(LONGEST - self.clock.seconds()), QUIET)
        self.answer(39)
        self.assertEqual(["turn"], self.nudges)

    def test_a_turn_with_nobody_to_ask_is_over_at_once(self):
        self.asking.begin(ROOM)
        self.assertFalse(self.successResultOf(self.asking.gather()))

    def test_a_turn_waits_for_nobody_that_another_asked(self):
        self.ask(self.builders[0])
        self.clock.advance(QUIET)
        turn = self.ask(self.builders[1])
        self.answer(2)
        self.assertFalse(self.successResultOf(turn))

    def test_late_answers_are_acted_on_at_once(self):
        self.ask(self.builders[0])
        self.clock.advance(QUIET)
        self.answer(1)
        self.assertTrue(self.successResultOf(self.ask(self.builders[1])))
        self.assertNoResult(self.asking.gather())

    def test_answers_that_come_while_others_are_asked_are_not_late(self):
        self.asking.begin(ROOM)
        self.asking.ask(self.builders[0])
        self.answer(1)
        self.asking.ask(self.builders[1])
        self.assertTrue(self.successResultOf(self.asking.gather()))
        self.assertEqual([], self.nudges)

    def test_a_late_answer_is_taken_into_the_next_turn_which_is_called_for(self):
        turn = self.ask(self.builders[0])
        self.clock.advance(QUIET)
        self.successResultOf(turn)
        self.answer(1)
        self.assertEqual(["turn"], self.nudges)
        self.assertEqual(IDLE, self.take(self.builders[0]).word)
        self.assertIsNone(self.take(self.builders[0]))

    def test_many_late_answers_call_for_one_turn(self):
        self.ask()
        self.clock.advance(QUIET)
        for number in (1, 2):
            self.answer(number)
        self.assertEqual(["turn"], self.nudges)
        self.assertEqual({1, 2}, self.asking.begin(ROOM))
        self.answer(3)
        self.assertEqual(["turn", "turn"], self.nudges)

    def test_an_answer_is_worth_nothing_when_the_belief_has_changed(self):
        for change in ({"job": a_job()}, {"clean_status": CleanStatus.DIRTY}, {"url": "http://elsewhere/"}):
            self.ask(self.builders[0])
            self.answer(1)
            self.assertIsNone(self.take(replace(self.builders[0], **change)))
            self.assertTrue(self.due(self.builders[0], 0.0))

    def test_a_turn_is_called_for_by_those_that_are_due_and_those_that_have_answered(self):
        [bob, eve, ida] = self.builders
        for builder, delay in ((bob, 30.0), (eve, 60.0), (ida, None)):
            self.asking.plan(builder, delay)
        self.assertEqual({bob.id, eve.id}, self.asking.begin(ROOM), "who was never asked is due")
        self.ask()
        for builder, delay in ((bob, 30.0), (eve, 60.0), (ida, None)):
            self.asking.plan(builder, delay)
        self.answer(2)
        self.answer(3)
        self.assertEqual({eve.id, ida.id}, self.asking.begin(ROOM), "who was asked is due no more")
        for builder in (eve, ida):
            self.take(builder)
        self.clock.advance(60)
        self.assertEqual({eve.id}, self.asking.begin(ROOM), "bob has yet to answer")
        self.answer(1)
        self.assertEqual({bob.id, eve.id}, self.asking.begin(ROOM))

    def plan(self, **delays):
        """Plan these builders' next questions, after one has been asked at each second."""
        for builder, delay in zip(self.builders, delays.values(), strict=True):
            self.ask(builder)
            self.answer(builder.id)
            self.take(builder)
            self.asking.plan(builder, delay)
            self.clock.advance(1)

    def test_no_more_call_for_a_turn_than_may_be_asked_in_it_the_longest_due_first(self):
        self.plan(bob=9.0, eve=7.0, ida=8.0)
        self.clock.advance(60)
        self.assertEqual({2}, self.asking.begin(1))
        self.assertEqual({1, 2}, self.asking.begin(2))

    def test_when_as_many_were_asked_as_may_be_the_others_wait_for_another_turn(self):
        [bob, eve, _] = self.builders
        self.plan(bob=1.0, eve=1.0, ida=None)
        self.asking.begin(1)
        self.assertEqual([bob], self.asking.due([eve, bob]), "the longest due first")
        self.asking.ask(bob)
        self.assertEqual([], self.asking.due([eve]))
        self.asking.begin(1)
        self.assertEqual([eve], self.asking.due([bob, eve]))

    def test_those_that_are_away_take_nobodys_place(self):
        [bob, eve, _] = self.builders
        self.plan(bob=1.0, eve=1.0, ida=None)
        self.assertEqual({eve.id}, self.asking.begin(1, {bob.id}))
        self.assertEqual([eve], self.asking.due([bob, eve]))
        self.asking.end({bob.id, eve.id})
        self.assertEqual([], self.clock.getDelayedCalls(), "nor do they call for a turn")

    def test_those_that_are_back_are_due_as_if_they_had_not_been_away(self):
        [bob, _, ida] = self.builders
        self.plan(bob=1.0, eve=60.0, ida=1.0)
        self.asking.begin(ROOM, {bob.id, ida.id})
        self.asking.plan(ida, 90.0)
        self.asking.end()
        self.clock.advance(APART)
        self.assertEqual(["turn"], self.nudges)
        self.assertEqual({bob.id}, self.asking.begin(ROOM))

    def test_a_turn_is_called_for_when_the_next_is_due(self):
        self.plan(bob=30.0, eve=60.0, ida=None)
        self.asking.end()
        self.clock.advance(26.9)
        self.assertEqual([], self.nudges)
        self.clock.advance(0.2)
        self.assertEqual(["turn"], self.nudges)

    def test_a_turn_is_not_called_for_at_once_though_somebody_is_overdue(self):
        self.plan(bob=0.0, eve=60.0, ida=None)
        self.asking.end()
        self.clock.advance(APART * 0.9)
        self.assertEqual([], self.nudges)
        self.clock.advance(APART * 0.2)
        self.assertEqual(["turn"], self.nudges)

    def test_a_turn_that_begins_is_called_for_no_more(self):
        self.plan(bob=1.0, eve=60.0, ida=None)
        self.asking.end()
        self.asking.begin(ROOM)
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_no_turn_is_called_for_by_those_that_are_not_to_be_asked_or_have_yet_to_answer(self):
        [bob, *_] = self.builders
        self.plan(bob=1.0, eve=None, ida=None)
        self.ask(bob)
        self.clock.advance(QUIET)
        self.asking.end()
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_who_was_removed_calls_for_nothing(self):
        [bob, eve, _] = self.builders
        for builder in (bob, eve):
            self.asking.plan(builder, 0.0)
        self.asking.keep([eve])
        self.assertEqual({eve.id}, self.asking.begin(ROOM))

    def test_who_has_a_question_or_an_answer_under_way_is_not_asked_again(self):
        [bob, *_] = self.builders
        self.assertTrue(self.due(bob, 30.0))
        self.ask(bob)
        self.clock.advance(60)
        self.assertFalse(self.due(bob, 30.0))
        self.answer(1)
        self.assertFalse(self.due(bob, 30.0))
        self.take(bob)
        self.assertTrue(self.due(bob, 30.0))
        self.assertFalse(self.due(bob, 61.0))
        self.assertFalse(self.due(bob, None))

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
            self.assertEqual(info, self.take(builder).info, facts)

    def test_a_question_that_breaks_is_logged_and_ends(self):
        turn = self.ask(self.builders[0])
        self.slaves.asked[1].errback(ValueError("spoilt"))
        self.successResultOf(turn)
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))
        self.assertTrue(self.due(self.builders[0], 0.0))
