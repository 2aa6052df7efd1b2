"""Accounts get roles and tokens; a token is printed once, and only its digest is kept."""

from datetime import timedelta
from hashlib import sha256

from sqlalchemy import select
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.model.register.accounts import accounts
from buildmaster.model.tables.people import Token
from tests.support.commands import CommandFarm
from tests.support.rows import NOW, a_series, an_archive

EMAIL = "celso@example.com"


class AccountCommandTests(SynchronousTestCase):
    def setUp(self):
        self.farm = CommandFarm(self)
        self.farm.transactions.write(self.make_archive)
        self.farm.run("account", "add", EMAIL, "--role", "admin", "--role", "uploader:~cprov/ubuntu/ppa")

    def make_archive(self, session):
        an_archive(session, a_series(session).distribution, reference="~cprov/ubuntu/ppa")

    def listed(self):
        return [(row["email"], row["roles"], row["tokens"]) for row in self.farm.json("account", "list")]

    def test_roles_are_everywhere_or_in_an_archive(self):
        self.assertEqual([(EMAIL, ["admin", "uploader:~cprov/ubuntu/ppa"], 0)], self.listed())

    def test_adding_again_gives_more_roles(self):
        self.farm.run("account", "add", EMAIL, "--role", "reader", "--role", "admin")
        self.assertEqual([(EMAIL, ["admin", "reader", "uploader:~cprov/ubuntu/ppa"], 0)], self.listed())

    def test_a_token_is_printed_and_its_digest_kept(self):
        secret = self.farm.run("account", "token", EMAIL, "--expires", 30).strip()
        kept = self.farm.transactions.read(lambda session: session.execute(select(Token.sha256, Token.expires)).one())
        self.assertEqual(sha256(secret.encode()).hexdigest(), kept.sha256)
        self.assertEqual([1], [row[2] for row in self.listed()])
        later = kept.expires + timedelta(seconds=1)
        self.assertEqual([0], [row.tokens for row in self.farm.transactions.read(accounts, later)])

    def test_a_removed_account_has_nothing_and_may_come_back(self):
        self.farm.run("account", "token", EMAIL)
        self.farm.run("account", "remove", EMAIL)
        self.assertEqual([], self.listed())
        self.farm.run("account", "add", EMAIL)
        self.assertEqual([(EMAIL, [], 0)], self.listed())

    def test_a_token_without_end_is_good_for_ever(self):
        self.farm.run("account", "token", EMAIL)
        found = self.farm.transactions.read(accounts, NOW + timedelta(days=36500))
        self.assertEqual([1], [row.tokens for row in found])

    def test_what_is_wrong_is_refused_with_what_to_do(self):
        refused = self.farm.refused
        self.assertEqual(
            "there is no account celso@example.org (did you mean celso@example.com?); "
            "`buildmaster account add celso@example.org` adds it",
            refused("account", "token", "celso@example.org"),
        )
        self.assertEqual("'celso' is not an address that mail can be sent to", refused("account", "add", "celso"))
        self.assertEqual(
            "there is no role admim (did you mean admin?); give one of them",
            refused("account", "add", EMAIL, "--role", "admim"),
        )
        self.assertEqual(
            "the role admin is not of an archive: only reader and uploader are",
            refused("account", "add", EMAIL, "--role", "admin:ubuntu"),
        )
