"""A worker asks for jobs, says how each goes, and hands in how it ended."""

import tempfile
from pathlib import Path

from twisted.internet.defer import execute
from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.workers.codeimports.fence import Fence
from buildmaster.workers.codeimports.job import Parts, Settings, locked
from buildmaster.workers.codeimports.running import Limits
from buildmaster.workers.codeimports.scheduler import JobGoneError, RefusedError, TooLongError, UnreachableError
from buildmaster.workers.codeimports.surroundings import place_of
from buildmaster.workers.codeimports.worker import ImportWorker
from tests.workers.codeimports.test_running import Processes

JOB = {"name": "trunk", "rcs_type": "GIT", "url": "https://example.org/trunk", "module": ""}
LIMITS = Limits(silence=3600.0, time=86400.0, memory=2**32, disk=1000)


class Scheduler:
    """A scheduler with these jobs, which notes what it is told. ``failures`` are raised first, by the call's name; None lets one pass."""

    def __init__(self, *jobs):
        self.jobs = dict(enumerate(jobs, 1))
        self.beats = []
        self.results = []
        self.failures = {}

    def _maybe_fail(self, call):
        failure = self.failures[call].pop(0) if self.failures.get(call) else None
        if failure:
            raise failure

    def job(self):
        self._maybe_fail("job")
        return min(self.jobs, default=0)

    def source(self, job_id):
        return self.jobs.pop(job_id)

    def beat(self, job_id, tail):
        self._maybe_fail("beat")
        self.beats.append((job_id, tail))

    def finish(self, job_id, status, log):
        self._maybe_fail("finish")
        self.results.append((job_id, status, log))


class WorkerTests(SynchronousTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.store = Path(folder.name)
        self.reactor = Processes()

    def start(self, *jobs, **failures):
        self.scheduler = Scheduler(*jobs)
        self.scheduler.failures = failures
        settings = Settings(self.store, frozenset({"https", "svn"}), LIMITS)
        fence = Fence([], lambda host: ["127.0.0.1"])
        self.worker = ImportWorker(Parts(self.reactor, execute, self.scheduler, fence, settings, lambda: 1234))
        self.worker.startService()

    def end(self, failed=False):
        """End the tool that runs."""
        self.reactor.protocol.processEnded(Failure(ProcessTerminated(1) if failed else ProcessDone(0)))

    def end_all(self):
        """End the tools of an import of git, well."""
        for _ in range(3):
            self.end()

    def test_nothing_to_do_is_asked_again_after_a_while(self):
        self.start()
        self.scheduler.jobs[7] = JOB
        self.reactor.advance(9)
        self.assertEqual([], self.reactor.started)
        self.reactor.advance(1)
        self.assertEqual(1, len(self.reactor.started))

    def test_a_job_is_imported_and_handed_in(self):
        self.start(JOB)
        self.end_all()
        [(job, status, log)] = self.scheduler.results
        self.assertEqual((1, "SUCCESS"), (job, status))
        self.assertIn(b"$ git --git-dir=", log)

    def test_a_heart_beats_at_once_and_every_thirty_seconds(self):
        self.start(JOB)
        self.reactor.protocol.outReceived(b"so far\n")
        self.reactor.advance(30)
        self.reactor.advance(30)
        self.assertEqual([1, 1, 1], [job for job, _ in self.scheduler.beats])
        self.assertTrue(self.scheduler.beats[-1][1].endswith(b"so far\n"))
        self.end_all()
        self.reactor.advance(30)
        self.assertEqual(3, len(self.scheduler.beats))

    def test_a_first_failure_is_one_of_the_checkout(self):
        self.start(JOB)
        self.end(failed=True)
        self.assertEqual("CHECKOUT_FAILURE", self.scheduler.results[0][1])

    def test_a_later_failure_is_one_of_the_update(self):
        self.start(JOB)
        self.end_all()
        self.scheduler.jobs[2] = JOB
        self.reactor.advance(10)
        self.end(failed=True)
        self.assertEqual("UPDATE_FAILURE", self.scheduler.results[1][1])

    def test_what_may_not_be_imported_is_refused(self):
        inside = {**JOB, "rcs_type": "SVN", "url": "svn://localhost/trunk"}
        self.start({**JOB, "url": "file:///etc"}, inside)
        self.assertEqual(["FAILURE", "FAILURE"], [status for _, status, _ in self.scheduler.results])
        self.assertIn(b"addresses of 'file' are not allowed", self.scheduler.results[0][2])
        self.assertIn(b"localhost is in a network that imports may not reach", self.scheduler.results[1][2])
        self.assertEqual([], self.reactor.started)

    def test_a_job_that_is_gone_is_left_quietly(self):
        self.start(JOB, beat=[None, JobGoneError("gone")])
        self.reactor.advance(30)
        self.end(failed=True)
        self.assertEqual([], self.scheduler.results)

    def test_a_missed_heartbeat_ends_nothing(self):
        self.start(JOB, beat=[UnreachableError("no answer"), RefusedError("HTTP 503")])
        self.reactor.advance(30)
        self.reactor.advance(30)
        self.end_all()
        self.assertEqual("SUCCESS", self.scheduler.results[0][1])

    def test_a_result_is_handed_in_again_until_it_is_taken(self):
        self.start(JOB, finish=[UnreachableError("no answer")])
        self.end_all()
        self.assertEqual([], self.scheduler.results)
        self.reactor.advance(10)
        self.assertEqual("SUCCESS", self.scheduler.results[0][1])

    def test_a_log_that_is_too_long_is_handed_in_by_its_tail(self):
        self.start(JOB, finish=[TooLongError("HTTP 413")])
        self.reactor.protocol.outReceived(b"x" * 5000 + b"end\n")
        self.end(failed=True)
        self.assertEqual(2048, len(self.scheduler.results[0][2]))

    def test_a_refused_result_is_let_go(self):
        self.start(JOB, finish=[JobGoneError("gone")])
        self.end_all()
        self.assertEqual([], self.scheduler.results)

    def test_a_scheduler_that_is_away_is_asked_again(self):
        self.start(JOB, job=[UnreachableError("no answer"), RefusedError("HTTP 401")])
        self.reactor.advance(10)
        self.reactor.advance(10)
        self.assertEqual(1, len(self.reactor.started))

    def test_too_much_on_the_disk_ends_it(self):
        self.start(JOB)
        (place_of(self.store, "trunk").work / "much").write_bytes(b"x" * 2000)
        self.reactor.advance(30)
        self.end(failed=True)
        self.assertIn(b"more than 1000 bytes of disk", self.scheduler.results[0][2])

    def test_a_worker_that_stops_hands_its_job_in_as_killed(self):
        self.start(JOB)
        stopped = self.worker.stopService()
        self.assertNoResult(stopped)
        self.end(failed=True)
        self.successResultOf(stopped)
        self.assertEqual("KILLED", self.scheduler.results[0][1])
        self.reactor.advance(5)
        self.assertEqual([], self.reactor.getDelayedCalls())

    def test_an_idle_worker_stops_at_once(self):
        self.start()
        self.worker.stopService()
        self.assertEqual([], self.reactor.getDelayedCalls())

    def test_a_fault_of_its_own_ends_one_job_only(self):
        self.start({**JOB, "name": "first"}, JOB, finish=[KeyError("a fault")])
        self.end(failed=True)
        self.assertEqual(1, len(self.flushLoggedErrors(KeyError)))
        self.reactor.advance(10)
        self.end_all()
        self.assertEqual([(2, "SUCCESS")], [result[:2] for result in self.scheduler.results])

    def test_one_that_stops_does_not_wait_for_a_master_that_is_away(self):
        self.start(JOB, finish=[UnreachableError("no answer")])
        stopped = self.worker.stopService()
        self.end(failed=True)
        self.successResultOf(stopped)

    def test_one_that_tries_to_hand_in_stops_at_once(self):
        self.start(JOB, finish=[UnreachableError("no answer")])
        self.end(failed=True)
        self.worker.stopService()
        self.assertEqual([], self.reactor.getDelayedCalls())

    def test_one_place_has_one_worker(self):
        place = place_of(self.store, "trunk")
        place.work.mkdir(parents=True)
        with locked(place):
            self.start(JOB)
        self.assertEqual("INTERNAL_FAILURE", self.scheduler.results[0][1])
