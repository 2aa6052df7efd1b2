"""What is told of a code import, word for word."""

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.codeimports.states import RcsType, ReviewStatus
from buildmaster.farm.notices.codeimports import SENTENCES, ImportNotice, import_notice
from tests.farm.codeimports.test_jobs import an_import

HEADERS = (("X-Buildmaster-Code-Import", "trunk"),)


class ImportNoticeTests(SynchronousTestCase):
    def test_a_review_is_told_with_who_made_it(self):
        body = "It is suspended.\n\nImport: trunk\nFrom: https://example.org/trunk (GIT)\nBy: david\n"
        expected = ImportNotice("Code import trunk status: Suspended", body, HEADERS)
        self.assertEqual(expected, import_notice(an_import(status=ReviewStatus.SUSPENDED), "david"))

    def test_what_the_master_did_itself_is_by_nobody(self):
        notice = import_notice(an_import(status=ReviewStatus.FAILING), None)
        sentence = SENTENCES[ReviewStatus.FAILING]
        self.assertEqual(f"{sentence}\n\nImport: trunk\nFrom: https://example.org/trunk (GIT)\n", notice.body)

    def test_a_new_one_is_said_to_be_new(self):
        self.assertEqual("New code import: trunk", import_notice(an_import(status=ReviewStatus.NEW), None).subject)

    def test_a_module_is_told_with_its_root_and_no_credentials_are(self):
        cvs = replace(an_import(RcsType.CVS), url=":pserver:me:secret@example.org:/cvs", module="gnome")
        self.assertIn("From: :pserver:example.org:/cvs gnome (CVS)\n", import_notice(cvs, None).body)
