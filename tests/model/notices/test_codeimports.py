"""Who looks after code imports is told what becomes of them."""

from dataclasses import replace

from sqlalchemy import select
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.codeimports.jobs import DEFAULT_POLICY, Ended, RunningJob
from buildmaster.farm.codeimports.states import ImportResult, RcsType, ReviewStatus
from buildmaster.farm.notices.codeimports import SENTENCES, import_notice
from buildmaster.farm.vocabulary.people import Role
from buildmaster.model.codeimports.jobs import finish_job
from buildmaster.model.tables.outbox import OutboxMessage
from buildmaster.model.tables.people import Account, AccountRole
from tests.farm.codeimports.test_jobs import an_import
from tests.support.codeimports import NOW, Imports, sqlite_transactions


class NoticeTests(SynchronousTestCase):
    def test_a_notice_says_what_who_and_from_where(self):
        notice = import_notice(an_import(status=ReviewStatus.SUSPENDED), "david")
        self.assertEqual("Code import trunk status: Suspended", notice.subject)
        wanted = "It is suspended.\n\nImport: trunk\nFrom: https://example.org/trunk (GIT)\nBy: david\n"
        self.assertEqual((wanted, (("X-Buildmaster-Code-Import", "trunk"),)), (notice.body, notice.headers))

    def test_a_new_one_is_said_to_be_new(self):
        self.assertEqual("New code import: trunk", import_notice(an_import(status=ReviewStatus.NEW), None).subject)

    def test_credentials_are_not_told(self):
        cvs = replace(an_import(RcsType.CVS), url=":pserver:me:secret@example.org:/cvs", module="module")
        self.assertNotIn("secret", import_notice(cvs, None).body)

    def test_there_are_words_for_each_status(self):
        self.assertEqual(set(ReviewStatus), set(SENTENCES))


class MailTests(SynchronousTestCase):
    def setUp(self):
        policy = replace(DEFAULT_POLICY, failure_limit=1, administrators=("root@example.org",))
        self.imports = Imports(sqlite_transactions(self), policy)
        self.imports.transactions.write(self.add_accounts)

    def add_accounts(self, session):
        for email, removed in (("david@example.org", None), ("gone@example.org", NOW)):
            account = Account(email=email, date_created=NOW, date_removed=removed)
            account.roles = [AccountRole(role=Role.IMPORT_OPERATOR)]
            session.add(account)

    def mails(self):
        question = select(OutboxMessage.recipient, OutboxMessage.subject).order_by(OutboxMessage.id)
        return self.imports.transactions.read(lambda session: [tuple(row) for row in session.execute(question)])

    def test_operators_and_administrators_are_told_once_each(self):
        self.imports.add()
        subject = "New code import: trunk"
        self.assertEqual([("david@example.org", subject), ("root@example.org", subject)], self.mails())

    def test_an_import_that_is_set_aside_is_told(self):
        job = RunningJob(self.imports.a_running_job())
        self.imports.transactions.write(finish_job, job, Ended(ImportResult.FAILURE, NOW), self.imports.policy)
        self.assertEqual("Code import trunk status: Failing", self.mails()[-1][1])
