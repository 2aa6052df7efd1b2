"""Jobs of machines that fell silent are taken from them, in turns of the sequencer."""

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.codeimports.jobs import DEFAULT_POLICY
from buildmaster.tasks.importwatch import ImportWatch
from tests.support.codeimports import Imports, after, sqlite_transactions
from tests.support.contexts import a_context


class ImportWatchTests(SynchronousTestCase):
    def setUp(self):
        self.imports = Imports(sqlite_transactions(self))
        self.imports.a_running_job()

    def watch(self, now):
        task = ImportWatch(a_context(self.imports.transactions, now=lambda: now), DEFAULT_POLICY)
        self.successResultOf(Deferred.fromCoroutine(task.run()))

    def test_a_silent_machine_loses_its_job(self):
        self.watch(after(seconds=301))
        self.assertEqual("PENDING", self.imports.shown()["job"]["state"])

    def test_one_that_lives_keeps_it(self):
        self.watch(after(seconds=299))
        self.assertEqual("RUNNING", self.imports.shown()["job"]["state"])
