"""Whatever jobs do, and whenever the sequencer is stopped and started, turns go on one at a time."""

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
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.turns import rest_after
from buildmaster.work.sequencer import GRACE, BuildSequencer, BuildSequencerJob, JobTimes

NAMES = ("a", "b", "c")
LIMIT = 5.0
LONGEST_DELAY = 5.0
DEEDS = st.sampled_from(["end", "fire", "raise", "wait", "hang"])


class Whim:
    """A task that ends, fails, raises, hangs, never calls back, or waits to be ended by the machine, as told."""

    def __init__(self, machine, name):
        self.machine = machine
        self.name = name
        self.deed = "end"

    def run(self):
        self.machine.began(self)
        return getattr(self, f"_{self.deed}")()

    def _end(self):
        return None

    def _fire(self):
        return succeed(None)

    def _raise(self):
        raise ZeroDivisionError

    def _wait(self):
        self.machine.open = self.machine.result = Deferred()
        return self.machine.open

    def _hang(self):
        deaf = Deferred()
        deaf.cancel = lambda: None
        self.machine.deaf.append(deaf)
        self.machine.result = deaf
        return deaf


class SequencerMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.clock = Clock()
        self.open = None
        self.under_way = self.result = None
        self.began_at = 0.0
        self.begun, self.ended, self.faults, self.deaf = [], [], [], []
        self.stopped = None
        self.rested = {}
        self.tasks = {name: Whim(self, name) for name in NAMES}
        jobs = [
            BuildSequencerJob(name, self.tasks[name], JobTimes(delay, LIMIT), 0.0)
            for delay, name in enumerate(NAMES, 1)
        ]
        self.sequencer = BuildSequencer(self.clock, jobs, self.reported, stop_limit=20.0)
        self.sequencer.startService()

    def began(self, task):
        """Note what is wrong with this turn: an error here would only be the turn's failure."""
        now = self.clock.seconds()
        claims = {
            "no other turn is under way": self.under_way is None,
            "the service runs": self.sequencer.running,
            "a job rests in proportion to its last turn": now >= self.rested.get(task.name, now) - 1e-6,
        }
        self.faults += [claim for claim, holds in claims.items() if not holds]
        self.under_way, self.result, self.began_at = task.name, None, now
        self.begun.append(task.name)

    def reported(self, name, result):
        self.faults += [] if name == self.under_way else [f"the turn of {name} ended, which was not under way"]
        if self.result is not None and not self.result.called and self.clock.seconds() < self.began_at + LIMIT:
            self.faults.append(f"the turn of {name} was ended before its time")
        self.under_way, self.open = None, None
        now = self.clock.seconds()
        self.rested[name] = now + rest_after(now - self.began_at)
        self.ended.append(name)

    @initialize(deeds=st.lists(DEEDS, min_size=len(NAMES), max_size=len(NAMES)))
    def begin(self, deeds):
        for name, deed in zip(NAMES, deeds, strict=True):
            self.tasks[name].deed = deed

    @rule(name=st.sampled_from(NAMES), deed=DEEDS)
    def decide(self, name, deed):
        self.tasks[name].deed = deed

    @rule(seconds=st.sampled_from([0.0, 0.01, 0.05, 0.5, 3.0, 40.0]))
    def pass_time(self, seconds):
        self.clock.advance(seconds)

    @rule(name=st.sampled_from([*NAMES, "nobody"]))
    def nudge(self, name):
        self.sequencer.nudge(name)

    @precondition(lambda self: self.open is not None)
    @rule(well=st.booleans(), nudged=st.booleans())
    def end(self, well, nudged):
        """End a turn, of a job that may have been nudged in it."""
        if nudged:
            self.sequencer.nudge(self.under_way)
        waiting, self.open = self.open, None
        waiting.callback(None) if well else waiting.errback(Failure(ValueError()))

    @precondition(lambda self: self.deaf)
    @rule()
    def end_after_all(self):
        """End a turn that hung, though it may have been given up long ago."""
        self.deaf.pop(0).callback(None)

    @precondition(lambda self: self.sequencer.running)
    @rule()
    def stop(self):
        self.stopped = self.sequencer.stopService()

    @precondition(lambda self: not self.sequencer.running)
    @rule()
    def start(self):
        self.sequencer.startService()

    @invariant()
    def nothing_was_wrong(self):
        assert self.faults == []

    @invariant()
    def every_turn_ends_once(self):
        assert len(self.begun) == len(self.ended) + (self.under_way is not None)

    @invariant()
    def exactly_one_call_is_pending(self):
        wanted = 1 if self.sequencer.running or self.under_way else 0
        assert len(self.clock.getDelayedCalls()) == wanted

    @invariant()
    def the_stop_has_ended_when_no_turn_is_under_way(self):
        if self.stopped is not None and not self.sequencer.running:
            assert self.stopped.called == (self.under_way is None)

    def teardown(self):
        """Everybody gets a turn again when jobs behave."""
        for task in self.tasks.values():
            task.deed = "end"
        if not self.sequencer.running:
            self.sequencer.startService()
        self.clock.pump([0.25] * int((LIMIT + GRACE + 2 * LONGEST_DELAY) * 4))
        before = len(self.ended)
        self.clock.pump([0.25] * int(2 * LONGEST_DELAY * 4))
        assert set(self.ended[before:]) == set(NAMES)
        self.sequencer.stopService()
        assert self.clock.getDelayedCalls() == []


class SequencerMachineTests(SynchronousTestCase):
    def test_turns_go_on_whatever_happens(self):
        limits = settings(max_examples=100, stateful_step_count=40, deadline=None, report_multiple_bugs=False)
        run_state_machine_as_test(SequencerMachine, settings=limits)
