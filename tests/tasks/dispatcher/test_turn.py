"""The dispatcher's turns: builds go to idle builders, and come back from those that can't take them."""

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.builders.states import FailedBy
from buildmaster.model.queue.cancelling import cancel
from buildmaster.model.tables.archive import Archive
from buildmaster.model.tables.builds import Build
from tests.support.master import Master

BOTH = ("slave_scanner", "dispatcher")


class DispatcherTests(SynchronousTestCase):
    def setUp(self):
        self.master = Master(self)
        self.bob = self.master.add_builder("bob")
        self.master.run(3, "slave_scanner")
        self.bob.will("OK", duration=None)

    def failures(self, build_id):
        return [attempt.failure for attempt in self.master.attempts(build_id)]

    def test_the_slave_is_told_all_that_it_needs(self):
        build_id = self.master.add_build()
        self.master.turn("dispatcher")
        started = self.bob.started
        self.assertEqual(self.master.attempts(build_id)[0].cookie, started.cookie)
        self.assertEqual(["hello_1.0-1.dsc"], list(started.filemap))
        expected = {"series": "hoary", "suite": "hoary", "ogrecomponent": "main", "arch_tag": "i386", "arch_indep": False,
                    "archive_purpose": "PRIMARY", "archive_private": False, "build_debug_symbols": False}  # fmt: skip
        self.assertEqual(expected, {key: started.args[key] for key in expected})
        self.assertIsNotNone(self.master.attempts(build_id)[0].accepted)

    def test_a_classic_slave_builds_too(self):
        self.master.set_builder("bob", manual=True)
        classic = self.master.add_builder("old", classic=True)
        build_id = self.master.add_build()
        self.master.run(30, *BOTH, "uploader")
        kinds = [call[2] for call in classic.calls if call[0] == "build"]
        self.assertEqual((["debian"], "FULLYBUILT"), (kinds, self.master.state(build_id)))

    def test_a_slave_that_can_not_fetch_gives_the_job_back_and_both_are_counted(self):
        self.master.network.get = lambda *_: None
        build_id = self.master.add_build()
        self.master.turn("dispatcher")
        [failure] = self.failures(build_id)
        self.assertRegex(
            failure, "was unable to fetch file chroot-i386.tar.gz .*: Error accessing Librarian: HTTP Error 404"
        )
        counts = self.master.builder().failure_count, self.master.look(build_id).failure_count
        self.assertEqual(("NEEDSBUILD", (1, 1)), (self.master.state(build_id), counts))

    def test_a_lost_reply_starts_no_second_build(self):
        self.bob.lose_reply("build")
        build_id = self.master.add_build()
        self.master.run(5, *BOTH)
        self.assertEqual("BUILDING", self.master.state(build_id))
        self.assertEqual(1, [name for name, *_ in self.bob.calls].count("build"))

    def test_a_slave_that_builds_no_packages_is_out_of_service_and_the_build_unharmed(self):
        self.bob.kinds = ["livefs"]
        build_id = self.master.add_build()
        self.master.turn("dispatcher")
        self.assertEqual((False, FailedBy.LIMIT), (self.master.builder().builderok, self.master.builder().failed_by))
        self.assertEqual((0, 1), (self.master.look(build_id).failure_count, len(self.master.mails())))

    def test_a_build_that_no_builder_can_begin_fails_after_three_of_them(self):
        for name in ("eve", "ida", "zoe"):
            self.master.add_builder(name)
        self.master.network.get = lambda *_: None
        build_id = self.master.add_build()
        self.master.run(30, *BOTH)
        self.assertEqual("FAILEDTOBUILD", self.master.state(build_id))
        self.assertEqual(3, len({attempt.builder_id for attempt in self.master.attempts(build_id)}))
        self.assertEqual(1, len(self.master.mails()))

    def test_a_build_cancelled_while_its_files_come_is_not_begun(self):
        self.bob.fetching = 30.0
        build_id = self.master.add_build()
        self.master.turn("dispatcher")
        self.master.write(cancel, self.master.now(), build_id)
        self.master.run(90, *BOTH)
        self.assertEqual("CANCELLED", self.master.state(build_id))
        self.assertNotIn("build", [name for name, *_ in self.bob.calls])

    def test_a_master_killed_before_the_slave_was_told_gives_the_job_back_and_blames_nobody(self):
        self.bob.fetching = 30.0
        build_id = self.master.add_build()
        self.master.turn("dispatcher")
        self.master.restart()
        self.master.run(60, "slave_scanner", every=2)
        first = self.master.attempts(build_id)[0]
        self.assertEqual(("the dispatch to builder bob was interrupted", False), (first.failure, first.blamed))

    def test_a_blocked_build_waits_with_its_reason_until_the_cause_is_gone(self):
        build_id = self.master.add_build()
        self.enable(False)
        self.master.run(3, *BOTH)
        self.assertEqual("archive ubuntu is disabled", self.reason(build_id))
        self.enable(True)
        self.master.run(3, *BOTH)
        self.assertEqual(("BUILDING", None), (self.master.state(build_id), self.reason(build_id)))

    def test_blocked_builds_are_looked_at_again_once_a_second(self):
        build_id = self.master.add_build()
        self.enable(False)
        self.master.turn("dispatcher")
        self.enable(True)
        self.master.turn("dispatcher")
        self.assertEqual("NEEDSBUILD", self.master.state(build_id))
        self.master.clock.advance(1)
        self.master.turn("dispatcher")
        self.assertEqual("BUILDING", self.master.state(build_id))

    def enable(self, enabled):
        self.master.write(lambda session: setattr(session.get(Archive, self.master.archive_id), "enabled", enabled))

    def reason(self, build_id):
        return self.master.read(lambda session: session.get(Build, build_id).entry.reason)


class RoomTests(SynchronousTestCase):
    def setUp(self):
        self.master = Master(self, conf="concurrent_errands = 1\n")
        self.slaves = [self.master.add_builder(name) for name in ("bob", "eve")]
        self.master.run(3, "slave_scanner")
        for slave in self.slaves:
            slave.will("OK", duration=None)
        self.builds = [self.master.add_build(name) for name in ("hello", "pmount")]

    def states(self):
        return [self.master.state(build_id) for build_id in self.builds]

    def test_what_there_is_no_room_for_is_begun_as_soon_as_there_is(self):
        self.slaves[0].fetching = 0.1
        self.master.turn("dispatcher")
        self.master.turn("dispatcher")
        self.assertEqual((["BUILDING", "NEEDSBUILD"], set()), (self.states(), self.master.nudged))
        self.master.clock.pump([0.25] * 4)
        self.assertEqual({"dispatcher"}, self.master.nudged)
        self.master.turn("dispatcher")
        self.assertEqual(["BUILDING", "BUILDING"], self.states())

    def test_builds_are_begun_while_results_are_fetched(self):
        self.master.parts.errands.begin(-1, Deferred)
        self.master.turn("dispatcher")
        self.assertEqual(["BUILDING", "NEEDSBUILD"], self.states())
