"""What ties a builder to an attempt, and what is wrong with a strange cookie."""

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.builders.attempts import conclude
from buildmaster.model.builders.cookies import cookie_of, mismatch
from buildmaster.model.tables.builds import Attempt
from tests.support.bothdatabases import OnPostgreSQL, OnSQLite
from tests.support.rows import NOW


class CookieTests(OnSQLite, SynchronousTestCase):
    def mismatch(self, cookie, builder_id=None):
        return self.read(mismatch, cookie, builder_id or self.builder_id)

    def test_the_first_attempt_has_the_old_form_and_each_other_its_number(self):
        self.assertEqual(["8-1", "8-1-2", "8-1-3"], [cookie_of(8, 1, number) for number in (1, 2, 3)])

    def test_ones_own_is_right_also_when_it_is_over(self):
        cookie = self.attempt().cookie
        self.assertIsNone(self.mismatch(cookie))
        self.write(lambda session: conclude(session, NOW, self.attempt_id, BuildState.FAILEDTOBUILD))
        self.assertIsNone(self.mismatch(cookie))
        self.assertEqual("The attempt has ended", self.mismatch(cookie, 999))

    def test_each_strange_one_has_its_reason(self):
        entry_id = self.entry()["id"]
        own = self.attempt().cookie
        for cookie, reason in (
            ("1000-10000", "The object Build by the ID 1000 does not exist"),
            (f"{self.build_id}-999", "Job build entry mismatch"),
            (f"{self.build_id}-{entry_id}-7", "The attempt does not exist"),
            ("", "The job identifier makes no sense"),
            ("8", "The job identifier makes no sense"),
            ("8-1; DROP TABLE build", "The job identifier makes no sense"),
            ("9" * 40 + "-1", "The job identifier makes no sense"),
            ("\N{ARABIC-INDIC DIGIT EIGHT}-1", "The job identifier makes no sense"),
        ):
            self.assertEqual(reason, self.mismatch(cookie), cookie)
        self.assertEqual("The attempt belongs to another builder", self.mismatch(own, 999))

    def test_a_cookie_is_given_once(self):
        self.assertEqual(
            1, self.read(lambda session: session.query(Attempt).filter_by(cookie=self.attempt().cookie).count())
        )


class PostgreSQLCookieTests(OnPostgreSQL, CookieTests):
    pass
