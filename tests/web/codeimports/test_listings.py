"""Code imports and machines as JSON over HTTP."""

import json

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.codeimports.states import RcsType
from buildmaster.web.codeimports.listings import CodeImportsResource, MachinesResource
from buildmaster.work.database import InlineDatabase
from tests.support.browser import a_site, ask
from tests.support.codeimports import Imports, sqlite_transactions


class ImportApiTests(SynchronousTestCase):
    def setUp(self):
        self.imports = Imports(sqlite_transactions(self))
        database = InlineDatabase(self.imports.transactions)
        imports = CodeImportsResource(database, "http://farm/")
        self.site = a_site({"api/1/code-imports": imports, "api/1/machines": MachinesResource(database)})

    def json(self, path):
        answer = ask(self.site, f"/api/1/{path}")
        self.assertEqual((200, "application/json"), (answer.code, answer.headers["Content-Type"]))
        return json.loads(answer.body)

    def test_what_is_there_is_shown(self):
        job = self.imports.a_running_job()
        [listed] = self.json("code-imports")
        self.assertEqual(("trunk", job, "RUNNING"), (listed["name"], listed["job"]["id"], listed["job"]["state"]))
        self.assertEqual("START", self.json("code-imports/trunk")["events"][0]["event"])
        self.assertEqual([], self.json("code-imports/trunk/results"))
        self.assertEqual([("box", 1)], [(row["hostname"], row["running"]) for row in self.json("machines")])

    def test_what_is_not_there_is_404(self):
        for path in ("code-imports/other", "code-imports/other/results", "code-imports/a/b", "machines/box"):
            self.assertEqual(404, ask(self.site, f"/api/1/{path}").code)

    def test_credentials_are_not_shown(self):
        self.imports.add("cvs", RcsType.CVS, ":pserver:me:secret@example.org:/cvs", "module")
        self.assertNotIn("secret", json.dumps([self.json("code-imports"), self.json("code-imports/cvs")]))
