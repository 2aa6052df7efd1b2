"""What is done on an errand to a slave: only one that has ended is cleaned, and what came late changes nothing."""

import errno
import gzip
from itertools import product
from unittest.mock import patch
from xmlrpc.client import Fault

from sqlalchemy import select
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.daemon.tasksetup import make_slave_errands
from buildmaster.farm.builders.actions import Collect, Conclude, Requeue
from buildmaster.farm.builders.states import BuilderStatus, CleanStatus
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.files.disk import NotWrittenError
from buildmaster.model.builders.snapshots import snapshot
from buildmaster.model.queue.cancelling import cancel
from buildmaster.model.tables.builds import Attempt
from buildmaster.model.tables.files import StoredFile
from buildmaster.tasks.scanner import fetching
from tests.support.master import Master

ENDS = {
    "fetch_results": Collect(()),
    "conclude": Conclude(BuildState.FAILEDTOBUILD),
    "give_back": Requeue("why", fetch_log=True),
}


class SlaveErrandTests(SynchronousTestCase):
    def setUp(self):
        self.master = Master(self)
        self.bob = self.master.add_builder("bob")
        self.bob.will("OK", duration=None, log=b"make\n")
        self.build_id = self.master.add_build()
        self.master.run(3, "slave_scanner", "dispatcher")
        self.errands = make_slave_errands(self.master.parts)
        [self.facts] = self.master.read(snapshot)

    def do(self, duty, *action):
        self.successResultOf(self.doing(duty, *action))

    def doing(self, duty, *action):
        args = (self.facts, self.facts.job, *action) if action else (self.facts,)
        return Deferred.fromCoroutine(getattr(self.errands, duty)(*args))

    def asked(self, name):
        return [call for call, *_ in self.bob.calls].count(name)

    def test_a_slave_at_work_or_idle_is_not_cleaned(self):
        self.do("clean")
        self.bob.forget()
        self.do("clean")
        self.assertEqual((0, CleanStatus.DIRTY), (self.asked("clean"), self.master.builder().clean_status))

    def test_a_build_that_is_ended_while_it_runs_leaves_its_slave_to_the_next_scan(self):
        self.do("conclude", Conclude(BuildState.FAILEDTOBUILD, failure="too long"))
        self.assertEqual(("FAILEDTOBUILD", 0), (self.master.state(self.build_id), self.asked("clean")))
        self.assertIs(CleanStatus.DIRTY, self.master.builder().clean_status)

    def test_one_that_has_ended_is_cleaned_at_once_and_ready(self):
        self.bob.finish()
        self.do("conclude", Conclude(BuildState.FAILEDTOBUILD))
        self.assertIs(BuilderStatus.IDLE, self.bob.status)
        self.assertIs(CleanStatus.CLEAN, self.master.builder().clean_status)

    def test_a_build_cancelled_meanwhile_is_cancelled_with_its_log(self):
        self.master.write(cancel, self.master.now(), self.build_id)
        self.bob.finish()
        self.do("conclude", Conclude(BuildState.FAILEDTOBUILD))
        build = self.master.look(self.build_id)
        self.assertEqual(BuildState.CANCELLED, build.buildstate)
        self.assertIsNotNone(build.buildlog_id)

    def test_what_is_over_is_ended_once(self):
        self.bob.finish()
        for _ in range(2):
            self.do("give_back", Requeue("why", fetch_log=True))
        self.assertEqual(
            (1, 1), (len(self.master.attempts(self.build_id)), self.master.look(self.build_id).failure_count)
        )

    def test_a_slave_that_lies_about_its_files_fails_its_attempt_alone(self):
        self.bob.finish()
        self.do("fetch_results", Collect((("a.deb", "0" * 40),)))
        [attempt] = self.master.attempts(self.build_id)
        self.assertTrue(attempt.blamed)
        self.assertIn("a.deb could not be fetched", attempt.failure)
        self.assertEqual("NEEDSBUILD", self.master.state(self.build_id))
        self.assertIsNotNone(attempt.buildlog_id)

    def test_a_full_disk_blames_nobody_and_all_is_fetched_once_it_is_not(self):
        """Whether the log is big or small, and whatever the build came to."""
        full = OSError(errno.ENOSPC, "No space left on device")
        for held, (duty, action) in product((0, 1 << 19), ENDS.items()):
            with self.subTest(duty, held=held):
                self.setUp()
                self.bob.finish()
                self.patch(fetching, "HELD", held)
                with patch("os.fsync", side_effect=full):
                    self.failureResultOf(self.doing(duty, action), NotWrittenError)
                [attempt] = self.master.attempts(self.build_id)
                self.assertEqual((False, None, 0), (attempt.blamed, attempt.failure, self.asked("clean")))
                self.do(duty, action)
                self.assertEqual(b"make\n", self.log())

    def log(self):
        """Return the log of the attempt, as it is kept."""
        attempts = select(StoredFile.sha256).join(Attempt, Attempt.buildlog_id == StoredFile.id)
        return gzip.decompress(
            self.master.parts.librarian.path(self.master.read(lambda s: s.scalar(attempts))).read_bytes()
        )

    def test_results_call_for_the_uploader(self):
        self.bob.finish()
        self.master.nudged.clear()
        self.do("fetch_results", Collect(()))
        self.assertEqual(("UPLOADING", True), (self.master.state(self.build_id), "uploader" in self.master.nudged))

    def test_a_slave_whose_results_were_taken_is_cleaned_unasked(self):
        self.bob.finish()
        before = self.asked("status")
        self.do("fetch_results", Collect(()))
        self.assertEqual((0, 1), (self.asked("status") - before, self.asked("clean")))
        self.assertIs(CleanStatus.CLEAN, self.master.builder().clean_status)

    def test_a_slave_that_refuses_to_be_cleaned_is_left_to_the_next_scan(self):
        self.bob.finish()
        self.bob.lie("clean", Fault(8002, "not WAITING"))
        self.master.nudged.clear()
        self.do("fetch_results", Collect(()))
        self.assertIs(CleanStatus.DIRTY, self.master.builder().clean_status)
        self.assertIn("slave_scanner", self.master.nudged)

    def test_an_abort_that_is_not_confirmed_is_no_matter(self):
        self.bob.hang()
        ended = Deferred.fromCoroutine(self.errands.abort(self.facts))
        self.master.clock.advance(40)
        self.successResultOf(ended)
