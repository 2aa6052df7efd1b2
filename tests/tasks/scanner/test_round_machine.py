"""Whatever slaves and turns do, those are due that a look at all builders would find."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.tasks.scanner.calls import APART
from buildmaster.tasks.scanner.timetable import NEVER
from tests.support.facts import a_builder, a_word
from tests.support.questions import Questions

BUILDERS = {number: a_builder(id=number, name=f"b{number}") for number in range(1, 6)}
BUILDER_ID = st.sampled_from(sorted(BUILDERS))
FEW = st.frozensets(BUILDER_ID, max_size=2)
DELAYS = st.sampled_from([None, 0.0, 0.5, 1.0, 4.0])  # halves, so that sums are exact


class RoundMachine(RuleBasedStateMachine):
    """A round, beside all that there is to know about each builder: nothing is remembered of who is due."""

    def __init__(self):
        super().__init__()
        self.clock, self.slaves = Clock(), {}
        self.asking = Questions(self.clock, self, lambda: None)
        self.delays, self.asked, self.answered = {}, {}, set()
        self.away, self.room = frozenset(), 0

    def of(self, builder):
        self.builder = builder
        return self

    def status(self):
        self.slaves[self.builder.id] = Deferred()
        return self.slaves[self.builder.id]

    def times(self):
        """Look at all: return when each is due that is to be asked."""
        left_alone = self.slaves.keys() | self.answered | self.away
        there = self.delays.keys() - left_alone
        return {number: self.asked.get(number, NEVER) + self.delays[number] for number in there}

    def due(self, among=BUILDERS):
        """Return who of these is due, the longest due first."""
        due = {number: time for number, time in self.times().items() if time <= self.clock.seconds()}
        return sorted(due.keys() & among, key=lambda number: (due[number], number))

    @rule(seconds=st.sampled_from([0.5, 1.0, 3.5]))
    def pass_time(self, seconds):
        self.clock.advance(seconds)

    @initialize(delays=st.fixed_dictionaries(dict.fromkeys(BUILDERS, DELAYS)))
    def plan_all(self, delays):
        for number, delay in delays.items():
            self.plan(number, delay)

    @rule(number=BUILDER_ID, delay=DELAYS)
    def plan(self, number, delay):
        self.asking.plan(BUILDERS[number], delay)
        self.delays.pop(number, None)
        if delay is not None:
            self.delays[number] = delay

    @rule(room=st.integers(1, 6), away=FEW, unseen=FEW)
    def begin(self, room, away, unseen):
        """Begin a turn that looks at most builders, and ask those of them that are due."""
        called, self.away, self.room = self.asking.begin(room, away), away, room
        assert called == self.answered | set(self.due()[:room])
        seen = BUILDERS.keys() - unseen
        due = self.due(seen)[:room]
        assert due == [builder.id for builder in self.asking.due([BUILDERS[number] for number in sorted(seen)])]
        for number in due:
            self.asking.ask(BUILDERS[number])
            self.asked[number] = self.clock.seconds()
        self.room -= len(due)

    @precondition(lambda self: self.slaves)
    @rule(choice=st.randoms(use_true_random=False), well=st.booleans())
    def answer(self, choice, well):
        number = choice.choice(sorted(self.slaves))
        slave = self.slaves.pop(number)
        if well:
            self.answered.add(number)
            slave.callback(a_word("IDLE"))
        else:
            slave.errback(ValueError("spoilt"))

    @rule(among=FEW)
    def take(self, among):
        assert self.asking.take({number: BUILDERS[number] for number in among}).keys() == self.answered & among
        self.answered -= among

    @rule(gone=FEW)
    def keep(self, gone):
        there = BUILDERS.keys() - gone
        self.asking.keep([BUILDERS[number] for number in there])
        for memory in (self.delays, self.asked):
            for number in memory.keys() - there:
                del memory[number]
        self.answered &= there

    @rule(away=FEW)
    def end(self, away):
        self.asking.end(away)
        self.away = away
        now = self.clock.seconds()
        next_turn = [now + max(APART, time - now) for time in sorted(self.times().values())[:1]]
        assert [call.getTime() for call in self.clock.getDelayedCalls()] == next_turn

    @invariant()
    def those_are_due_that_a_look_at_all_finds(self):
        due = self.asking.due(list(BUILDERS.values()))
        assert [builder.id for builder in due] == self.due()[: self.room]


class RoundMachineTests(SynchronousTestCase):
    def test_those_are_due_that_a_look_at_all_finds(self):
        limits = settings(max_examples=150, stateful_step_count=40, deadline=None, report_multiple_bugs=False)
        run_state_machine_as_test(RoundMachine, settings=limits)
        self.flushLoggedErrors(ValueError)
