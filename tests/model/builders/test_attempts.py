"""What is done to the rows of a build that a builder holds; who comes late does nothing."""

from datetime import timedelta

from sqlalchemy.exc import IntegrityError
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.builders.states import CleanStatus
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.builders.attempts import accepted, conclude, hold, note_abort, wanted
from buildmaster.model.builders.logtails import save_tails
from buildmaster.model.tables.archive import SourcePublication
from buildmaster.model.tables.builders import Builder
from buildmaster.model.tables.builds import Build
from tests.support.bothdatabases import OnPostgreSQL, OnSQLite
from tests.support.rows import NOW, a_build, a_builder, a_stored_file, an_attempt

S = BuildState
LATER = NOW + timedelta(seconds=90)


class AttemptTests(OnSQLite, SynchronousTestCase):
    def conclude(self, state=S.FAILEDTOBUILD, **how):
        return self.write(lambda session: conclude(session, LATER, self.attempt_id, state, **how))

    def test_an_end_is_build_attempt_entry_and_builder_at_once(self):
        self.assertTrue(self.conclude(S.MANUALDEPWAIT, dependencies="baz"))
        build, attempt = self.build(), self.attempt()
        self.assertEqual((S.MANUALDEPWAIT, LATER, 90.0, "baz"),
                         (build.buildstate, build.datebuilt, build.buildduration, build.dependencies))  # fmt: skip
        self.assertEqual((S.MANUALDEPWAIT, LATER), (attempt.state, attempt.finished))
        self.assertEqual((None, CleanStatus.DIRTY), (self.entry(), self.builder().clean_status))

    def test_nothing_ends_twice(self):
        self.assertTrue(self.conclude())
        self.assertFalse(self.conclude(S.CHROOTWAIT))
        self.assertIs(S.FAILEDTOBUILD, self.build().buildstate)

    def test_a_build_cancelled_meanwhile_is_cancelled_whatever_it_came_to(self):
        self.set(Build, self.build_id, buildstate=S.CANCELLING)
        self.assertTrue(self.conclude(S.MANUALDEPWAIT, dependencies="baz"))
        self.assertEqual((S.CANCELLED, None), (self.build().buildstate, self.build().dependencies))

    def test_the_log_gets_the_name_of_the_state(self):
        name = "buildlog_ubuntu-hoary-i386.pmount_0.1-1_NEEDSBUILD.txt.gz"
        log_id = self.write(lambda session: a_stored_file(session, name).id)
        self.conclude(S.CHROOTWAIT, log_id=log_id)
        name = self.read(lambda session: session.get(Build, self.build_id).buildlog.filename)
        self.assertEqual("buildlog_ubuntu-hoary-i386.pmount_0.1-1_CHROOTWAIT.txt.gz", name)

    def test_a_cancelled_build_is_not_wanted(self):
        self.set(Build, self.build_id, buildstate=S.CANCELLING)
        self.assertFalse(self.read(wanted, self.attempt_id))

    def test_a_live_attempt_is_wanted(self):
        self.assertTrue(self.read(wanted, self.attempt_id))
        self.conclude()
        self.assertFalse(self.read(wanted, self.attempt_id))

    def test_tails_are_kept_while_the_attempt_lives(self):
        self.write(save_tails, NOW, {self.attempt_id: "one", 999: "nobody"})
        self.write(save_tails, NOW, {})
        self.assertEqual(("one", NOW), (self.entry()["logtail"], self.entry()["tail_changed"]))
        self.conclude()
        self.write(save_tails, LATER, {self.attempt_id: "two"})

    def test_the_first_abort_and_the_first_acceptance_count(self):
        for now in (NOW, LATER):
            self.write(note_abort, now, self.attempt_id)
            self.write(accepted, now, self.attempt_id)
        self.assertEqual((NOW, NOW), (self.entry()["cancel_since"], self.attempt().accepted))

    def test_a_hold_is_news_once(self):
        self.assertTrue(self.write(hold, self.attempt_id, "closed"))
        self.assertFalse(self.write(hold, self.attempt_id, "closed"))
        self.assertEqual("closed", self.entry()["held_for"])

    def test_a_builder_holds_one_attempt_and_a_build_is_held_once(self):
        def second(session):
            first = session.get(Build, self.build_id)
            publication = session.query(SourcePublication).one()
            build = a_build(session, publication, first.architecture.series.architectures[1], S.BUILDING)
            an_attempt(session, build, session.get(Builder, self.builder_id))

        def again(session):
            build = session.get(Build, self.build_id)
            an_attempt(session, build, a_builder(session), number=2, cookie="x")

        for work in (second, again):
            self.assertRaises(IntegrityError, self.write, work)


class PostgreSQLAttemptTests(OnPostgreSQL, AttemptTests):
    pass
