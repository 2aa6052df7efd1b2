"""Builds are put back into the queue, cancelled, and scored by hand."""

from sqlalchemy import select, update
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.errors import BuildmasterError
from buildmaster.farm.vocabulary.archives import Pocket, SeriesStatus
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.queue.cancelling import cancel, rescore
from buildmaster.model.queue.retries import NotRetriableError, Retriable, retriable, retry
from buildmaster.model.tables.builds import Build, BuildQueue
from buildmaster.model.tables.distribution import DistroSeries
from tests.support.rows import NOW, Place, a_build, a_database, an_attempt


class DeedTests(SynchronousTestCase):
    def setUp(self):
        self.transactions = a_database(self)

    def build(self, state, **columns):
        """Add a build in ``state`` on i386, with an entry and an attempt as the state has them; return its id."""

        def work(session):
            place = Place(session)
            build = a_build(session, place.publish(), place.series.architectures[1], state, **columns)
            if state in {BuildState.BUILDING, BuildState.GATHERING, BuildState.CANCELLING}:
                an_attempt(session, build)
            return build.id

        return self.transactions.write(work)

    def rows(self, *columns):
        return [tuple(row) for row in self.transactions.read(lambda session: session.execute(select(*columns)).all())]

    def test_retry_forgets_how_it_ended_and_queues_it_unscored(self):
        id_ = self.build(
            BuildState.MANUALDEPWAIT,
            dependencies="cpp",
            failure="?",
            failure_count=4,
            dependency_retries=1,
            datebuilt=NOW,
            buildduration=5.0,
        )
        self.transactions.write(retry, NOW, id_)
        columns = Build.buildstate, Build.dependencies, Build.failure, Build.failure_count, Build.dependency_retries
        self.assertEqual([(BuildState.NEEDSBUILD, None, None, 0, 0)], self.rows(*columns))
        self.assertEqual([(None, None)], self.rows(Build.datebuilt, Build.buildduration))
        self.assertEqual(
            [(id_, None, True)], self.rows(BuildQueue.build_id, BuildQueue.score_step, BuildQueue.is_trusted)
        )

    def test_what_is_queued_is_not_queued_twice(self):
        id_ = self.build(BuildState.FAILEDTOBUILD)
        self.transactions.write(retry, NOW, id_)
        error = self.assertRaises(NotRetriableError, self.transactions.write, retry, NOW, id_)
        self.assertEqual(f"build {id_} can't be retried: its state is 'Needs building'", str(error))

    def test_an_unknown_build_is_named(self):
        for deed, more in ((retry, (NOW, 99)), (cancel, (NOW, 99)), (rescore, (99, 5))):
            error = self.assertRaises(BuildmasterError, self.transactions.write, deed, *more)
            self.assertEqual("there is no build 99: see `buildmaster build list`", str(error))

    def test_many_are_found_by_state_suite_and_architecture(self):
        id_ = self.build(BuildState.FAILEDTOBUILD)

        def found(*words):
            return [row.id for row in self.transactions.read(retriable, *words)]

        self.assertEqual([id_], found(BuildState.FAILEDTOBUILD))
        self.assertEqual([id_], found(BuildState.FAILEDTOBUILD, ("hoary", Pocket.RELEASE), "i386"))
        self.assertEqual([], found(BuildState.CHROOTWAIT))
        self.assertEqual([], found(BuildState.FAILEDTOBUILD, ("hoary", Pocket.UPDATES)))
        self.assertEqual([], found(BuildState.FAILEDTOBUILD, None, "amd64"))

    def test_those_that_can_not_be_retried_say_why(self):
        id_ = self.build(BuildState.FAILEDTOBUILD)
        self.transactions.write(
            lambda session: session.execute(update(DistroSeries).values(status=SeriesStatus.SUPPORTED)),
        )
        [found] = self.transactions.read(retriable, BuildState.FAILEDTOBUILD)
        name = found.title.split()[-3]
        self.assertEqual(
            Retriable(
                id_,
                f"i386 build of pmount 1.0-1 in {name} hoary RELEASE",
                "the pocket RELEASE is closed, since hoary is SUPPORTED",
            ),
            found,
        )

    def test_a_waiting_build_is_cancelled_at_once(self):
        id_ = self.build(BuildState.NEEDSBUILD)
        self.assertEqual(BuildState.CANCELLED, self.transactions.write(cancel, NOW, id_))
        self.assertEqual([(BuildState.CANCELLED,)], self.rows(Build.buildstate))
        self.assertEqual([], self.rows(BuildQueue.id))

    def test_a_running_build_is_being_cancelled(self):
        id_ = self.build(BuildState.BUILDING)
        self.assertEqual(BuildState.CANCELLING, self.transactions.write(cancel, NOW, id_))
        self.assertEqual(BuildState.CANCELLING, self.transactions.write(cancel, NOW, id_))
        self.assertEqual([(BuildState.CANCELLING,)], self.rows(Build.buildstate))
        self.assertEqual(1, len(self.rows(BuildQueue.id)))

    def test_what_is_being_taken_in_is_not_cancelled(self):
        id_ = self.build(BuildState.GATHERING)
        error = self.assertRaises(BuildmasterError, self.transactions.write, cancel, NOW, id_)
        self.assertEqual(f"build {id_} can't be cancelled: results are being taken in", str(error))

    def test_a_score_by_hand_is_kept(self):
        id_ = self.build(BuildState.NEEDSBUILD)
        self.transactions.write(rescore, id_, 5000)
        self.assertEqual([(5000, True)], self.rows(BuildQueue.lastscore, BuildQueue.manual))

    def test_only_what_waits_is_scored(self):
        id_ = self.build(BuildState.FULLYBUILT)
        error = self.assertRaises(BuildmasterError, self.transactions.write, rescore, id_, 5)
        self.assertEqual(f"build {id_} can't be rescored: its state is 'Successfully built'", str(error))
