"""One turn at a time, and nothing that a job does ends the sequence."""

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.turns import LEAST_PAUSE
from buildmaster.work.sequencer import GRACE, BuildSequencer, BuildSequencerJob, JobTimes, TurnGivenUpError


class Script:
    """A task that does what the test says, and remembers when it ran."""

    def __init__(self, clock, name, deed=lambda: None):
        self.name = name
        self.deed = deed
        self.clock = clock
        self.runs = []

    def run(self):
        self.runs.append(self.clock.seconds())
        return self.deed()


class SequencerTestCase(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.reports = []

    def script(self, name="a", deed=lambda: None):
        return Script(self.clock, name, deed)

    def started(self, *pairs, limit=100.0):
        jobs = [
            BuildSequencerJob(task.name, task, JobTimes(delay, limit), self.clock.seconds()) for task, delay in pairs
        ]
        sequencer = BuildSequencer(self.clock, jobs, lambda name, result: self.reports.append((name, result)))
        sequencer.startService()
        self.addCleanup(self.check_nothing_is_left, sequencer)
        return sequencer

    def check_nothing_is_left(self, sequencer):
        if sequencer.running:
            sequencer.stopService()
        self.clock.pump([1000] * 4)
        self.assertEqual([], self.clock.getDelayedCalls())

    def pass_time(self, seconds, step=0.25):
        self.clock.pump([step] * int(seconds / step))


class TurnTests(SequencerTestCase):
    def test_nothing_runs_before_its_first_delay(self):
        task = self.script()
        self.started((task, 5))
        self.clock.advance(4.9)
        self.assertEqual([], task.runs)

    def test_the_delay_is_from_the_end_of_a_run(self):
        ends = []
        task = self.script(deed=lambda: ends.append(Deferred()) or ends[-1])
        self.started((task, 5))
        self.pass_time(8)
        ends[0].callback(None)
        self.pass_time(6)
        self.assertEqual([5, 13], task.runs)

    def test_one_at_a_time(self):
        end = Deferred()
        slow, quick = self.script("slow", lambda: end), self.script("quick")
        self.started((slow, 1), (quick, 1))
        self.pass_time(10)
        self.assertEqual([], quick.runs)
        end.callback(None)
        self.pass_time(0.25)
        self.assertEqual(1, len(quick.runs))

    def test_a_failure_is_reported_and_does_not_end_the_sequence(self):
        task = self.script(deed=lambda: 1 / 0)
        self.started((task, 1))
        self.pass_time(3)
        self.assertEqual(3, len(task.runs))
        self.assertEqual(3, len([failure for _, failure in self.reports if failure.check(ZeroDivisionError)]))

    def test_a_coroutine_is_waited_for(self):
        end = Deferred()

        async def wait():
            await end

        task = self.script(deed=wait)
        self.started((task, 1))
        self.pass_time(5)
        self.assertEqual([1], task.runs)
        end.callback(None)
        self.assertEqual([("a", None)], self.reports)

    def test_an_error_of_the_report_does_not_end_the_sequence(self):
        task = self.script()
        sequencer = self.started((task, 1))
        sequencer._report = lambda job, failure: 1 / 0
        self.pass_time(3)
        self.assertEqual(3, len(task.runs))
        self.assertEqual(3, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_no_jobs_is_no_error(self):
        self.assertEqual((), self.started().jobs)

    def test_exactly_one_delayed_call_is_pending(self):
        self.started((self.script("a", Deferred), 1), (self.script("b"), 2), limit=3)
        for _ in range(200):
            self.clock.advance(0.25)
            self.assertEqual(1, len(self.clock.getDelayedCalls()))


class LimitTests(SequencerTestCase):
    def test_a_turn_over_its_limit_is_cancelled(self):
        task = self.script(deed=Deferred)
        self.started((task, 1), limit=10)
        self.pass_time(13)
        self.assertEqual([1, 12], task.runs)
        self.assertTrue(self.reports[0][1].check(CancelledError))

    def test_one_that_does_not_end_even_then_is_given_up(self):
        end = Deferred(lambda _: None)
        end.cancel = lambda: None
        task, other = self.script(deed=lambda: end), self.script("b")
        self.started((task, 1), (other, 2), limit=10)
        self.pass_time(11 + GRACE + 1)
        self.assertTrue(self.reports[0][1].check(TurnGivenUpError))
        self.assertEqual(1, len(other.runs))

    def test_the_late_end_of_a_turn_that_was_given_up_is_nobodys(self):
        ends = []

        def hang():
            ends.append(Deferred())
            ends[-1].cancel = lambda: None
            return ends[-1]

        sequencer = self.started((self.script(deed=hang), 1), limit=10)
        self.pass_time(11 + GRACE + 1.5)
        ends[0].callback(None)
        self.assertIs(sequencer.jobs[0], sequencer.current)
        self.assertEqual(1, len(self.reports))


class NudgeTests(SequencerTestCase):
    def test_a_nudged_job_is_due_at_once(self):
        task = self.script()
        sequencer = self.started((task, 60))
        self.clock.advance(1)
        sequencer.nudge("a")
        self.clock.advance(0)
        self.assertEqual([1], task.runs)

    def test_many_nudges_are_one(self):
        task = self.script()
        sequencer = self.started((task, 60))
        self.clock.advance(1)
        for _ in range(10):
            sequencer.nudge("a")
        self.clock.advance(0)
        self.pass_time(10)
        self.assertEqual([1], task.runs)

    def test_never_twice_within_the_least_pause(self):
        task = self.script()
        sequencer = self.started((task, 60))
        self.clock.advance(1)
        for _ in range(100):
            sequencer.nudge("a")
            self.clock.advance(LEAST_PAUSE / 4)
        self.assertGreaterEqual(min(b - a for a, b in zip(task.runs, task.runs[1:], strict=False)), LEAST_PAUSE - 1e-4)

    def test_a_nudge_during_the_run_is_kept(self):
        end = Deferred()
        task = self.script(deed=lambda: end)
        sequencer = self.started((task, 60))
        self.clock.advance(60)
        sequencer.nudge("a")
        end.callback(None)
        self.clock.advance(0.02)
        self.assertEqual(2, len(task.runs))

    def test_a_costly_job_rests_though_it_is_nudged(self):
        ends = []
        task = self.script(deed=lambda: ends.append(Deferred()) or ends[-1])
        sequencer = self.started((task, 60))
        self.clock.advance(60)
        sequencer.nudge("a")
        self.clock.advance(0.0625)
        ends[0].callback(None)
        self.pass_time(1, step=0.03125)
        self.assertEqual([60, 60 + 2 * 0.0625], task.runs)

    def test_a_rest_delays_nobody_else(self):
        end = Deferred()
        slow, quick = self.script("slow", lambda: end), self.script("quick")
        sequencer = self.started((slow, 60), (quick, 70))
        self.clock.advance(60)
        sequencer.nudge("slow")
        self.clock.advance(1)
        end.callback(None)
        sequencer.nudge("quick")
        self.clock.advance(0)
        self.assertEqual(([60], [61]), (slow.runs, quick.runs))

    def test_a_rest_delays_no_turn_that_is_due(self):
        end = Deferred()
        task = self.script(deed=lambda: end)
        sequencer = self.started((task, 0.1))
        self.clock.advance(0.1)
        sequencer.nudge("a")
        self.clock.advance(1)
        end.callback(None)
        self.clock.advance(0.1)
        self.assertEqual([0.1, 1.2], [round(run, 2) for run in task.runs])

    def test_nobody_starves_of_nudges(self):
        busy, patient = self.script("busy"), self.script("patient")
        sequencer = self.started((busy, 60), (patient, 1))
        for _ in range(1000):
            sequencer.nudge("busy")
            self.clock.advance(0.01)
        self.assertGreaterEqual(len(patient.runs), 9)

    def test_a_nudge_for_nobody_is_nothing(self):
        self.started((self.script(), 60)).nudge("nobody")
        self.assertEqual([], self.reports)

    def test_a_stopped_sequencer_is_not_woken(self):
        task = self.script()
        sequencer = self.started((task, 60))
        sequencer.stopService()
        sequencer.nudge("a")
        self.pass_time(5)
        self.assertEqual([], task.runs)


class StopTests(SequencerTestCase):
    def test_stopping_waits_for_the_turn(self):
        end = Deferred()
        sequencer = self.started((self.script(deed=lambda: end), 1))
        self.clock.advance(1)
        stopped = sequencer.stopService()
        self.assertNoResult(stopped)
        end.callback(None)
        self.successResultOf(stopped)

    def test_a_turn_has_the_stop_limit_for_its_end(self):
        sequencer = self.started((self.script(deed=Deferred), 1))
        self.clock.advance(1)
        stopped = sequencer.stopService()
        self.clock.advance(60)
        self.successResultOf(stopped)

    def test_no_turn_begins_after_the_stop(self):
        task = self.script()
        self.successResultOf(self.started((task, 1)).stopService())
        self.pass_time(5)
        self.assertEqual([], task.runs)

    def test_it_may_start_again(self):
        task = self.script()
        sequencer = self.started((task, 1))
        sequencer.stopService()
        sequencer.startService()
        self.pass_time(1)
        self.assertEqual([1], task.runs)

    def test_a_start_while_the_last_turn_still_ends_begins_no_second(self):
        end = Deferred()
        task = self.script(deed=lambda: end)
        sequencer = self.started((task, 1))
        self.clock.advance(1)
        stopped = sequencer.stopService()
        sequencer.startService()
        self.pass_time(5)
        self.assertEqual([1], task.runs)
        end.callback(None)
        self.successResultOf(stopped)
