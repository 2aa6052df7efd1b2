"""Notices about builds are posted in the transaction that ends them."""

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.notices.builds import NoticePolicy
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.notices.builds import BuildNotices
from buildmaster.model.tables.builds import Build
from buildmaster.model.tables.outbox import OutboxMessage
from tests.support.bothdatabases import OnSQLite
from tests.support.rows import NOW, a_stored_file

ADMIN = "admin@example.com"


class NoticeTests(OnSQLite, SynchronousTestCase):
    def setUp(self):
        super().setUp()
        self.notices = BuildNotices(NoticePolicy(administrators=(ADMIN,)), "http://farm/")

    def posted(self):
        return self.read(lambda session: [(m.recipient, m.subject, m.body) for m in session.query(OutboxMessage)])

    def end(self, state, refusal=None):
        def work(session):
            build = session.get(Build, self.build_id)
            build.buildstate, build.failure = state, "why"
            build.buildlog = a_stored_file(session, "log.txt.gz")
            session.flush()
            if refusal is None:
                self.notices.ended(session, NOW, self.build_id)
            else:
                self.notices.refused(session, NOW, self.build_id, refusal)

        self.write(work)

    def test_a_failed_build_is_told_with_its_log_and_its_reason(self):
        self.end(BuildState.FAILEDTOBUILD)
        [(recipient, subject, body)] = self.posted()
        self.assertEqual(ADMIN, recipient)
        self.assertRegex(subject, r"^\[Build #[0-9]+\] amd64 build of pmount 1\.0-1 in ubuntu[0-9]+ hoary RELEASE$")
        self.assertRegex(body, r"Build Log: http://farm/files/[0-9]+/log\.txt\.gz")
        self.assertIn("why", body)

    def test_the_log_of_an_upload_takes_the_place_of_the_reason(self):
        self.end(BuildState.FAILEDTOUPLOAD, "ERROR   no .changes")
        body = self.posted()[0][2]
        self.assertIn("ERROR   no .changes", body)
        self.assertNotIn("why", body)

    def test_nobody_is_told_of_what_went_well_or_waits(self):
        for state in (BuildState.FULLYBUILT, BuildState.MANUALDEPWAIT, BuildState.CANCELLED):
            self.end(state)
        self.assertEqual([], self.posted())

    def test_administrators_are_warned(self):
        self.write(self.notices.warn, NOW, "bob is out of service", "why")
        self.assertEqual([(ADMIN, "[buildmaster] bob is out of service", "why")], self.posted())
