"""Code imports are added, reviewed, requested and listed by the command."""

from datetime import datetime

import pytz
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.codeimports.jobs import DEFAULT_POLICY, Ended, RunningJob
from buildmaster.farm.codeimports.states import ImportResult
from buildmaster.model.codeimports.jobs import finish_job
from buildmaster.model.codeimports.machines import job_for_machine
from tests.support.commands import CommandFarm

URL = "https://example.org/trunk"


class CodeImportTests(SynchronousTestCase):
    def setUp(self):
        self.farm = CommandFarm(self)

    def now(self):
        return datetime.now(pytz.UTC)

    def test_an_import_is_added_and_approved(self):
        self.farm.run("code-import", "add", "trunk", "--git", URL)
        self.farm.run("code-import", "approve", "trunk")
        shown = self.farm.json("code-import", "list")[0]
        self.assertEqual(("trunk", "GIT", URL, "REVIEWED"), tuple(shown.values())[:4])
        self.assertEqual((1, "PENDING", None), (shown["job"]["id"], shown["job"]["state"], shown["job"]["machine"]))

    def test_each_kind_of_source_can_be_added(self):
        self.farm.run("code-import", "add", "svn", "--svn", "svn://example.org/trunk", "--interval", "60")
        self.farm.run("code-import", "add", "cvs", "--cvs", ":pserver:me@example.org:/cvs", "module")
        self.farm.run("code-import", "add", "hg", "--hg", URL, "--review", "REVIEWED")
        kinds = [(row["name"], row["rcs_type"], row["review_status"]) for row in self.farm.json("code-import", "list")]
        self.assertEqual([("cvs", "CVS", "NEW"), ("hg", "HG", "REVIEWED"), ("svn", "SVN", "NEW")], kinds)

    def test_a_source_must_be_one_that_can_be(self):
        self.assertIn("no address", self.farm.refused("code-import", "add", "trunk", "--git", "ssh://example.org/"))
        for words in ((), ("--git", URL, "--hg", URL)):
            self.assertEqual(2, self.farm.result("code-import", "add", "trunk", *words).exit_code)

    def test_a_review_is_noted_and_audited(self):
        self.farm.run("code-import", "add", "trunk", "--git", URL)
        for word, status in (("suspend", "SUSPENDED"), ("invalidate", "INVALID"), ("approve", "REVIEWED")):
            self.farm.run("code-import", word, "trunk")
            self.assertEqual(status, self.farm.json("code-import", "show", "trunk")["review_status"])
        self.assertEqual("Review status is already reviewed.", self.farm.refused("code-import", "approve", "trunk"))

    def test_a_run_is_requested(self):
        self.farm.run("code-import", "add", "trunk", "--git", URL, "--review", "REVIEWED")
        self.farm.run("code-import", "request", "trunk")
        self.assertIn("already requested", self.farm.refused("code-import", "request", "trunk"))

    def test_results_are_listed_with_their_logs(self):
        self.farm.run("code-import", "add", "trunk", "--git", URL, "--review", "REVIEWED")
        self.farm.run("machine", "add", "box", "--online")
        job = self.farm.transactions.write(job_for_machine, "box", DEFAULT_POLICY, self.now())
        ended = Ended(ImportResult.FAILURE, self.now())
        self.farm.transactions.write(finish_job, RunningJob(job), ended, DEFAULT_POLICY)
        result = self.farm.json("code-import", "results", "trunk")[0]
        self.assertEqual(
            (1, "FAILURE", "box", None), tuple(result[key] for key in ("job", "status", "machine", "log_url"))
        )

    def test_what_is_not_there_is_said(self):
        for word in ("show", "results", "approve", "request"):
            self.assertEqual("there is no code import trunk", self.farm.refused("code-import", word, "trunk"))

    def test_people_get_tables(self):
        self.farm.run("code-import", "add", "trunk", "--git", URL, "--review", "REVIEWED")
        self.assertIn("PENDING", self.farm.run("code-import", "list"))
        self.assertIn("CREATE", self.farm.run("code-import", "show", "trunk"))
