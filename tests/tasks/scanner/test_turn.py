"""The scanner's turns: from the words of slaves to the rows, and back to the slaves."""

from twisted.internet.defer import Deferred, succeed
from twisted.logger import LogLevel

from buildmaster.farm.builders.runningjobs import TERMINATING
from buildmaster.farm.builders.states import BuilderStatus, FailedBy
from buildmaster.farm.vocabulary.archives import SeriesStatus
from buildmaster.files.layout import INCOMING
from buildmaster.model.builders.landing import begin_fetching
from buildmaster.model.queue.cancelling import cancel
from buildmaster.model.tables.archive import Archive
from buildmaster.model.tables.distribution import DistroSeries
from tests.support.scannercase import LOG, ScannerCase


class BuildingTests(ScannerCase):
    def setUp(self):
        super().setUp()
        self.bob.will("OK", duration=None, log=LOG)
        self.build_id = self.master.add_build()
        self.master.run(3, "slave_scanner", "dispatcher")

    def scan(self, seconds, every=1):
        self.master.run(seconds, "slave_scanner", every=every)

    def test_the_tail_is_kept(self):
        self.assertEqual(LOG.decode(), self.entry(self.build_id).logtail)

    def test_a_forgotten_build_goes_back_to_the_queue(self):
        self.bob.forget()
        self.scan(9)
        self.assertRegex(self.master.attempts(self.build_id)[0].failure, "forgot about build")
        self.assertEqual([LogLevel.warn], self.said("forgot about build"))

    def test_a_running_build_is_adopted_by_a_new_master(self):
        for _ in range(3):
            self.master.restart()
            self.scan(10)
        self.assertEqual(1, len(self.master.attempts(self.build_id)))
        self.assertEqual("BUILDING", self.master.state(self.build_id))
        self.assertEqual(1, [name for name, *_ in self.bob.calls].count("build"))

    def test_a_builder_whose_rows_are_still_to_be_written_is_let_alone_until_they_are(self):
        written, before = Deferred(), len(self.bob.calls)
        self.master.parts.errands.settle(self.master.builder().id, written)
        self.scan(40)
        self.assertEqual(before, len(self.bob.calls))
        written.callback(None)
        self.scan(2)
        self.assertLess(before, len(self.bob.calls))

    def test_results_that_landed_before_a_kill_are_not_lost_though_the_slave_has_forgotten_them(self):
        [attempt] = self.master.attempts(self.build_id)
        self.master.write(begin_fetching, [attempt.id])
        leaf = f"20260301-120000-{attempt.cookie}"
        (self.master.root / INCOMING / leaf).mkdir()
        self.bob.forget()
        self.master.restart()
        self.scan(2)
        [attempt] = self.master.attempts(self.build_id)
        self.assertEqual((leaf, "FAILEDTOUPLOAD"), (attempt.leaf, attempt.state.name), "it is taken in, and is empty")

    def test_incoming_is_looked_at_only_where_results_were_being_fetched(self):
        scanner, looks = self.master.tasks["slave_scanner"], []
        scanner._beliefs._landed_cookies = lambda: (looks.append("look"), succeed(frozenset()))[1]
        self.scan(5)
        self.assertEqual([], looks)
        self.master.write(begin_fetching, [self.master.attempts(self.build_id)[0].id])
        self.master.clock.advance(1)
        self.master.turn("slave_scanner")
        self.assertEqual(["look"], looks)

    def test_some_silence_is_nobodys_failure(self):
        self.bob.vanish()
        self.scan(4)
        self.bob.recover()
        self.scan(20)
        self.assertEqual(("BUILDING", 0), (self.master.state(self.build_id), self.master.builder().silent_scans))

    def test_much_silence_gives_the_job_back_and_blames_both(self):
        self.bob.vanish()
        self.scan(90, every=3)
        [attempt] = self.master.attempts(self.build_id)
        self.assertTrue(attempt.blamed)
        self.assertRegex(attempt.failure, "did not answer 5 scans in a row")
        counts = self.master.builder().failure_count, self.master.look(self.build_id).failure_count
        self.assertEqual((1, 1), counts)

    def test_cancelling_ends_the_slaves_build(self):
        self.master.write(cancel, self.master.now(), self.build_id)
        self.master.clock.advance(5)
        self.master.turn("slave_scanner")
        self.assertEqual(TERMINATING, self.entry(self.build_id).logtail)
        self.scan(10)
        self.assertEqual("CANCELLED", self.master.state(self.build_id))
        self.assertTrue(self.is_free())

    def test_a_cancelled_build_ends_though_its_slave_does_not(self):
        self.bob.abortable = False
        self.master.write(cancel, self.master.now(), self.build_id)
        self.scan(175, every=5)
        self.assertEqual("CANCELLING", self.master.state(self.build_id))
        self.scan(15)
        self.assertEqual("CANCELLED", self.master.state(self.build_id))
        self.assertEqual(FailedBy.PROBE, self.master.builder().failed_by)
        self.assertEqual(0, [name for name, *_ in self.bob.calls].count("clean"))

    def test_a_closed_pocket_holds_the_build(self):
        self.close(SeriesStatus.CURRENT)
        self.bob.finish()
        self.scan(30)
        self.assertEqual("BUILDING", self.master.state(self.build_id))
        self.assertRegex(self.entry(self.build_id).held_for, r"can not be built for pocket RELEASE: illegal status$")
        self.assertEqual((True, True), (self.master.builder().manual, self.bob.status is BuilderStatus.WAITING))
        self.assertEqual(["[buildmaster] a build on bob is held"], self.master.mails())

    def test_opening_the_pocket_lets_it_go_on(self):
        self.test_a_closed_pocket_holds_the_build()
        self.close(SeriesStatus.DEVELOPMENT)
        self.master.set_builder(manual=False)
        self.master.run(30, "slave_scanner", "uploader")
        self.assertEqual("FAILEDTOUPLOAD", self.master.state(self.build_id))

    def test_cancelling_lets_it_go_too(self):
        self.test_a_closed_pocket_holds_the_build()
        self.master.write(cancel, self.master.now(), self.build_id)
        self.scan(30)
        self.assertEqual("CANCELLED", self.master.state(self.build_id))
        self.assertTrue(self.is_free())

    def close(self, status):
        self.master.write(lambda session: setattr(session.get(DistroSeries, self.master.series_id), "status", status))

    def test_a_build_that_takes_too_long_fails_and_its_slave_is_aborted(self):
        limit = lambda session: setattr(session.get(Archive, self.master.archive_id), "build_limit", 60.0)  # noqa: E731
        self.master.write(limit)
        self.scan(100, every=2)
        self.assertEqual("FAILEDTOBUILD", self.master.state(self.build_id))
        self.assertEqual("the build took longer than 1 min", self.master.look(self.build_id).failure)
        self.assertTrue(self.is_free())
        self.assertEqual(1, [name for name, *_ in self.bob.calls].count("clean"))


class IdleTests(ScannerCase):
    def test_a_builder_that_refuses_is_failed_at_once_and_heals(self):
        self.bob.vanish()
        self.master.run(2, "slave_scanner")
        builder = self.master.builder()
        reason = "(111, 'Connection refused')"
        self.assertEqual((False, FailedBy.PROBE, reason), (builder.builderok, builder.failed_by, builder.failnotes))
        text = f"bob (http://bob:8221/) marked as failed due to: {reason}\nTraceback (most recent call last):\n"
        self.assertEqual([LogLevel.warn], self.said(text))
        self.bob.recover()
        self.master.run(50, "slave_scanner")
        self.assertFalse(self.master.builder().builderok)
        self.master.run(20, "slave_scanner")
        self.assertTrue(self.master.builder().builderok)
        self.assertTrue(self.is_free())

    def test_garbage_and_the_wrong_architecture_fail_it_too(self):
        self.bob.babble()
        self.master.add_builder("zoe").tag = "ppc"
        self.master.run(5, "slave_scanner")
        self.assertRegex(self.master.builder().failnotes, "^garbage: ")
        self.assertEqual("Architecture tag mismatch: ppc != i386", self.master.builder("zoe").failnotes)

    def test_probes_come_seldomer_and_one_mail_is_sent(self):
        self.bob.vanish()
        self.master.run(500, "slave_scanner", every=5)
        self.assertEqual(480.0, self.master.builder().probe_delay)
        self.assertEqual(["[buildmaster] bob is out of service"], self.master.mails())

    def test_a_stranger_is_rescued(self):
        self.master.run(5, "slave_scanner")
        self.bob.status, self.bob.cookie, self.bob.log = BuilderStatus.BUILDING, "1000-10000", b""
        self.master.run(60, "slave_scanner")
        text = "Builder 'bob' rescued from '1000-10000: The object Build by the ID 1000 does not exist'"
        self.assertEqual([LogLevel.warn], self.said(text))
        self.assertTrue(self.is_free())
        self.assertEqual(1, [name for name, *_ in self.bob.calls].count("abort"))

    def test_a_slave_that_waits_with_a_strange_job_is_cleaned(self):
        build_id = self.build()
        self.master.run(2, "slave_scanner")
        self.bob.status, self.bob.verdict = BuilderStatus.WAITING, self.bob.ending.verdict
        self.bob.cookie = f"{build_id}-999"
        self.master.run(60, "slave_scanner")
        self.assertEqual([LogLevel.warn], self.said(f"'{build_id}-999: Job build entry mismatch'"))
        self.assertTrue(self.is_free())

    def test_a_processor_that_has_nobody_in_service_is_told_of_once(self):
        self.bob.vanish()
        self.master.run(30, "slave_scanner")
        self.assertEqual([LogLevel.warn], self.said("No builders are available"))

    def test_nothing_is_said_while_nothing_happens(self):
        self.master.run(5, "slave_scanner")
        self.lines.clear()
        self.master.run(120, "slave_scanner", every=5)
        self.assertEqual([], self.lines)


class OutageTests(ScannerCase):
    def setUp(self):
        super().setUp()
        self.slaves = [self.bob, *(self.master.add_builder(name) for name in ("eve", "ida", "zoe"))]
        self.master.run(3, "slave_scanner")

    def test_when_many_fall_silent_nobody_is_blamed_and_all_resumes(self):
        for slave in self.slaves:
            slave.will("OK", duration=3000)
        builds = [self.master.add_build(f"pkg{number}") for number in range(2)]
        self.master.run(40, "slave_scanner", "dispatcher")
        for slave in self.slaves[:3]:
            slave.vanish()
        self.master.run(300, "slave_scanner", "dispatcher", every=5)
        self.assertEqual(["BUILDING"] * 2, [self.master.state(build_id) for build_id in builds])
        self.assertTrue(all(self.master.builder(name).builderok for name in self.master.numbers))
        self.assertEqual(1, len([subject for subject in self.master.mails() if "fell silent at once" in subject]))
        for slave in self.slaves:
            slave.recover()
        self.master.run(60, "slave_scanner", "dispatcher")
        self.assertEqual(0, sum(self.master.builder(name).silent_scans for name in self.master.numbers))
        self.assertEqual([1, 1], [len(self.master.attempts(build_id)) for build_id in builds])
