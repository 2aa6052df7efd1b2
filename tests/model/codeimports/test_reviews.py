"""What people decide about code imports."""

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.codeimports.jobs import By, Ended, ImportRefusedError, RunningJob
from buildmaster.farm.codeimports.states import ImportResult, RcsType, ReviewStatus
from buildmaster.model.codeimports.jobs import finish_job
from buildmaster.model.codeimports.reviews import request
from tests.support.codeimports import BY, NOW, Imports, after, sqlite_transactions


class ReviewTests(SynchronousTestCase):
    def setUp(self):
        self.imports = Imports(sqlite_transactions(self))

    def refused(self, deed, *args, **options):
        return str(self.assertRaises(ImportRefusedError, deed, *args, **options))

    def request(self, who="david", date=NOW):
        self.imports.transactions.write(request, "trunk", By(who, date))

    def test_a_new_import_waits_for_review(self):
        self.imports.add()
        shown = self.imports.shown()
        self.assertEqual(("NEW", None), (shown["review_status"], shown["job"]))

    def test_a_name_and_a_source_are_taken_once(self):
        self.imports.add()
        self.assertIn("there is a code import trunk", self.refused(self.imports.add))
        said = self.refused(self.imports.add, "other", url="https://example.org/trunk")
        self.assertEqual("the code import trunk reads that already", said)

    def test_modules_of_one_cvs_root_are_different_sources(self):
        for module in ("a", "b"):
            self.imports.add(module, RcsType.CVS, ":pserver:anon@example.org:/cvs", module)
        urls = [row["url"] for row in self.imports.listed()]
        self.assertEqual([":pserver:example.org:/cvs a", ":pserver:example.org:/cvs b"], urls)

    def test_an_approved_import_is_due_now(self):
        self.imports.approved()
        self.assertEqual(NOW, self.imports.shown()["job"]["date_due"])

    def test_a_review_notes_the_old_status(self):
        self.imports.approved()
        self.imports.review("trunk", ReviewStatus.INVALID)
        event = self.imports.shown()["events"][0]
        self.assertEqual(("INVALID", "REVIEWED"), (event["review_status"], event["old_review_status"]))
        self.assertEqual("david", event["person"])

    def test_a_suspended_import_loses_the_job_that_waits(self):
        self.imports.approved()
        self.imports.review("trunk", ReviewStatus.SUSPENDED)
        self.assertIsNone(self.imports.shown()["job"])

    def test_a_running_job_goes_on(self):
        job = self.imports.a_running_job()
        self.imports.review("trunk", ReviewStatus.SUSPENDED)
        self.assertEqual(job, self.imports.shown()["job"]["id"])
        self.imports.review("trunk", ReviewStatus.REVIEWED)
        self.assertEqual(job, self.imports.shown()["job"]["id"])

    def test_one_that_ran_is_due_an_interval_after_its_start(self):
        job = self.imports.a_running_job()
        self.imports.review("trunk", ReviewStatus.SUSPENDED)
        ended = Ended(ImportResult.SUCCESS, after(hours=1))
        self.imports.transactions.write(finish_job, RunningJob(job), ended, self.imports.policy)
        self.imports.review("trunk", ReviewStatus.REVIEWED, By("david", after(hours=2)))
        self.assertEqual(after(hours=6), self.imports.shown()["job"]["date_due"])

    def test_a_stranger_can_t_be_reviewed(self):
        self.assertIn("no code import nobody", self.refused(self.imports.review, "nobody", ReviewStatus.INVALID))

    def test_a_request_makes_a_job_due_now_once(self):
        self.imports.approved(by=By("david", after(hours=1)))
        self.request()
        shown = self.imports.shown()["job"]
        self.assertEqual((NOW, "david"), (shown["date_due"], shown["requested_by"]))
        self.assertIn("already requested by david", self.refused(self.request))

    def test_an_overdue_job_keeps_its_date(self):
        self.imports.approved(by=BY)
        self.request(date=after(hours=1))
        self.assertEqual(NOW, self.imports.shown()["job"]["date_due"])

    def test_what_has_no_job_or_runs_can_t_be_requested(self):
        self.imports.add()
        self.assertIn("its review status is NEW", self.refused(self.request))
        self.imports.review("trunk", ReviewStatus.REVIEWED)
        self.imports.machine()
        self.imports.ask()
        self.assertEqual("the job runs already", self.refused(self.request))
