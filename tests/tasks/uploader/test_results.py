"""Results are taken in beside the turns, many at once, and one spares the others."""

import hashlib

from twisted.internet.defer import Deferred, execute

from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.files.layout import ACCEPTED, INCOMING
from buildmaster.files.uploadfolders import LOG_NAME, LeafLog, LockedError, locked
from buildmaster.model.tables.builds import Build
from buildmaster.tasks.uploader import results
from tests.support import packages
from tests.support.packages import a_changes, a_control, a_deb, write
from tests.support.uploading import LEAF, UploaderCase, builds_that_wait, leaf_of

S = BuildState


class Slow:
    """Threads whose work waits until a test lets it go on."""

    def __init__(self):
        self.waiting = []

    def in_thread(self, work, *args):
        done = Deferred()
        self.waiting.append(lambda: execute(work, *args).chainDeferred(done))
        return done

    def go_on(self):
        waiting, self.waiting = self.waiting, []
        for work in waiting:
            work()

    def end(self):
        while self.waiting:
            self.go_on()


class ErrandTests(UploaderCase):
    """What is taken in outlives the turn that began it."""

    def setUp(self):
        super().setUp()
        self.threads = Slow()
        self.slow, self.errands = self.uploader(None, self.threads.in_thread)

    def begin(self):
        self.successResultOf(Deferred.fromCoroutine(self.slow.run()))

    def test_a_turn_waits_for_nothing(self):
        self.upload()
        self.begin()
        self.assertEqual((S.UPLOADING, {0}), (self.facts()[0], self.errands.away()))
        self.threads.end()
        self.assertEqual((S.FULLYBUILT, frozenset()), (self.facts()[0], self.errands.away()))

    def test_what_lands_meanwhile_is_taken_in_when_somebody_says_so(self):
        self.begin()
        self.upload()
        self.begin()
        self.assertEqual(1, len(self.threads.waiting))
        self.threads.end()
        self.assertEqual((S.FULLYBUILT, [f"{ACCEPTED}/{LEAF}"]), (self.facts()[0], self.places()))

    def test_nobody_else_takes_in_uploads_meanwhile(self):
        self.upload()
        self.begin()
        self.assertRaises(LockedError, locked(self.root, LeafLog()).__enter__)
        self.threads.end()
        with locked(self.root, LeafLog()):
            pass

    def test_stopping_waits_for_it(self):
        self.upload()
        self.begin()
        stopped = self.errands.stop(60)
        self.assertNoResult(stopped)
        self.threads.end()
        self.successResultOf(stopped)


class ManyTests(UploaderCase):
    def add(self, count):
        def add(session):
            builds_that_wait(session, count)
            for build in session.query(Build):
                build.release.name, build.release.version = "hello", "1.0-1"

        self.transactions.write(add)
        for number in range(count):
            write(self.root / INCOMING / leaf_of(number), packages.results())

    def states(self):
        return self.read(lambda session: [build.buildstate for build in session.query(Build).order_by(Build.id)])

    def test_one_that_can_not_be_read_or_moved_spares_the_others(self):
        self.add(6)
        unreadable, unmovable = (self.root / INCOMING / leaf_of(number) for number in (2, 4))
        (unreadable / "folder.deb").symlink_to("nowhere")
        unmovable.joinpath(LOG_NAME).mkdir()
        self.turn()
        self.assertEqual(2, len(self.flushLoggedErrors(OSError)))  # the second when it looks at what is left
        self.assertEqual([S.FULLYBUILT] * 2 + [S.FAILEDTOUPLOAD] + [S.FULLYBUILT] * 3, self.states())
        self.assertEqual([f"{INCOMING}/{leaf_of(4)}"], [place for place in self.places() if place.startswith(INCOMING)])

    def test_one_that_can_not_be_kept_spares_the_others(self):
        self.add(3)
        debs = {"hello_1.0-1_i386.deb": a_deb(a_control(Homepage="elsewhere"))}
        write(self.root / INCOMING / leaf_of(1), {**debs, "hello_1.0-1_i386.changes": a_changes(debs).encode()})
        (shelf,) = {hashlib.sha256(held).hexdigest()[:2] for held in debs.values()}
        write(self.root / "librarian", {shelf: b"in the way"})
        self.turn()
        self.assertEqual(1, len(self.flushLoggedErrors(OSError)))
        self.assertEqual([S.FULLYBUILT, S.UPLOADING, S.FULLYBUILT], self.states())
        self.assertEqual([], list((self.root / "librarian").glob("new/*")))

    def test_all_are_taken_in_where_more_wait_than_go_together(self):
        self.patch(results, "AT_ONCE", 2)
        self.test_one_that_can_not_be_read_or_moved_spares_the_others()

    def test_one_that_can_not_be_recorded_spares_the_others(self):
        self.add(3)
        record = results.record_results

        def spoilt(session, items):
            found = record(session, items)
            if any(item.attempt.leaf == leaf_of(1) for item in items):
                raise ValueError("no room in this table")
            return found

        self.patch(results, "record_results", spoilt)
        self.turn()
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))
        self.assertEqual([S.FULLYBUILT, S.UPLOADING, S.FULLYBUILT], self.states())
