"""Results are taken in for many builds at once, each only where its attempt still waits for it."""

from datetime import timedelta

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.builders.states import CleanStatus
from buildmaster.farm.vocabulary.contents import Content
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.builders.attempts import conclude
from buildmaster.model.builders.landing import Landing, begin_fetching, note_landed
from buildmaster.model.tables.archive import SourcePublication
from buildmaster.model.tables.builders import Builder
from buildmaster.model.tables.builds import Attempt, Build, BuildQueue
from buildmaster.model.tables.files import NewFile, StoredFile
from tests.support.bothdatabases import OnPostgreSQL, OnSQLite
from tests.support.rows import NOW, a_build, a_builder, an_attempt

S = BuildState
LATER = NOW + timedelta(seconds=90)


def landing(attempt_id, leaf="leaf"):
    log = NewFile(Content("0" * 64, "0" * 40, 7), f"log of {leaf}", "text/plain")
    return Landing(attempt_id, leaf, log, LATER)


class GatheringTests(OnSQLite, SynchronousTestCase):
    def begin(self, *attempt_ids):
        return self.write(begin_fetching, attempt_ids)

    def note_landed(self, *landings):
        return self.write(note_landed, landings)

    def second(self):
        """Return the attempt of another build on another builder."""

        def begin(session):
            first = session.get(Build, self.build_id)
            publication = session.query(SourcePublication).one()
            build = a_build(session, publication, first.architecture.series.architectures[1], S.BUILDING)
            builder = a_builder(session, name="alice", url="http://alice:8221/", failure_count=2)
            return an_attempt(session, build, builder).id

        return self.write(begin)

    def of(self, kind, id_):
        return self.read(lambda session: session.get(kind, id_))

    def test_a_build_passes_by_gathering_to_the_uploader(self):
        self.assertEqual([False], self.note_landed(landing(self.attempt_id)))
        self.assertEqual([S.BUILDING], self.begin(self.attempt_id))
        self.assertEqual([S.GATHERING], self.begin(self.attempt_id))
        self.set(Builder, self.builder_id, failure_count=3, clean_status=CleanStatus.CLEAN)
        self.assertEqual([True], self.note_landed(landing(self.attempt_id)))
        self.assertEqual([False], self.note_landed(landing(self.attempt_id)))
        build, attempt, builder = self.build(), self.attempt(), self.builder()
        self.assertEqual((S.UPLOADING, S.UPLOADING, "leaf"), (build.buildstate, attempt.state, attempt.leaf))
        self.assertEqual((LATER, LATER, 90.0), (attempt.finished, build.datebuilt, build.buildduration))
        self.assertEqual((None, 0, CleanStatus.DIRTY), (self.entry(), builder.failure_count, builder.clean_status))
        self.assertEqual([None], self.begin(self.attempt_id))

    def test_many_at_once_come_to_what_each_would_alone(self):
        other_id = self.second()
        self.assertEqual([S.BUILDING, None, S.BUILDING], self.begin(self.attempt_id, 999, other_id))
        taken = self.note_landed(landing(other_id, "its"), landing(999), landing(self.attempt_id, "mine"))
        self.assertEqual([True, False, True], taken)
        for attempt_id, leaf in ((self.attempt_id, "mine"), (other_id, "its")):
            attempt = self.of(Attempt, attempt_id)
            build, log = self.of(Build, attempt.build_id), self.of(StoredFile, attempt.buildlog_id)
            self.assertEqual((leaf, f"log of {leaf}", log.id), (attempt.leaf, log.filename, build.buildlog_id))
            self.assertEqual((S.UPLOADING, attempt.builder_id), (build.buildstate, build.builder_id))
            self.assertEqual(0, self.of(Builder, attempt.builder_id).failure_count)
        self.assertEqual([], self.read(lambda session: session.query(BuildQueue.id).all()))

    def test_one_that_is_cancelled_or_over_spares_the_others(self):
        other_id = self.second()
        self.set(Build, self.build_id, buildstate=S.CANCELLING)
        self.assertEqual([None, S.BUILDING], self.begin(self.attempt_id, other_id))
        self.write(lambda session: conclude(session, LATER, self.attempt_id, S.CANCELLED) and None)
        self.assertEqual([False, True], self.note_landed(landing(self.attempt_id), landing(other_id)))
        self.assertIs(S.CANCELLED, self.build().buildstate)
        logs = self.read(lambda session: session.query(StoredFile).filter_by(filename="log of leaf").count())
        self.assertEqual(1, logs)


class GatheringOnPostgreSQLTests(OnPostgreSQL, GatheringTests):
    pass
