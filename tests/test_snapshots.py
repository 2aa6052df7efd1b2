"""The farm at one moment, as the scanner sees it."""

from sqlalchemy import event
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.states import BuildState, CleanStatus
from buildmaster.model.attempts import conclude
from buildmaster.model.builders import Builder
from buildmaster.model.snapshots import snapshot
from tests.farms import OnPostgreSQL, OnSQLite
from tests.rows import NOW, a_builder


class SnapshotTests(OnSQLite, SynchronousTestCase):
    def test_a_builder_has_its_job_its_processors_and_their_tags(self):
        [bob] = self.read(snapshot)
        job = bob.job
        self.assertEqual(("bob", "http://bob:8221/", True, CleanStatus.DIRTY, frozenset({"amd64"})),
                         (bob.name, bob.url, bob.builderok, bob.clean_status, bob.tags))  # fmt: skip
        self.assertEqual((self.build_id, self.attempt_id, BuildState.BUILDING, NOW, False, False),
                         (job.build_id, job.attempt_id, job.state, job.started, job.accepted, job.landed))  # fmt: skip
        self.assertRegex(job.title, r"^amd64 build of pmount 1\.0-1 in ubuntu[0-9]+ hoary RELEASE$")
        self.assertRegex(job.label, r"^ubuntu[0-9]+-hoary-amd64\.pmount_1\.0-1$")

    def test_what_has_ended_is_nobodys_job(self):
        self.write(lambda session: conclude(session, NOW, self.attempt_id, BuildState.FAILEDTOBUILD))
        self.assertIsNone(self.read(snapshot)[0].job)

    def test_one_that_was_removed_is_not_there(self):
        self.set(Builder, self.builder_id, date_removed=NOW)
        self.assertEqual((), self.read(snapshot))

    def test_the_questions_are_as_many_whatever_the_number_of_builders(self):
        asked = []
        event.listen(self.transactions.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
        self.read(snapshot)
        few = len(asked)
        self.write(lambda session: [a_builder(session) for _ in range(20)] and None)
        asked.clear()
        self.assertEqual(21, len(self.read(snapshot)))
        self.assertEqual(few, len(asked))


class PostgreSQLSnapshotTests(OnPostgreSQL, SnapshotTests):
    pass
