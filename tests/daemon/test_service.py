"""The parts fit together, and the whole daemon starts and stops."""

import tempfile
from pathlib import Path

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.daemon.config.reading import SHIPPED, load
from buildmaster.daemon.service import make_service
from buildmaster.work.schema import SchemaMismatchError
from tests.support.databases import postgresql_engine, sqlite_url


class MakeServiceTests(SynchronousTestCase):
    def conf(self, text=""):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = Path(folder.name) / "farm.conf"
        path.write_text(f"[buildmaster]\nroot = {folder.name}\n{text}")
        return load(path)

    def test_a_database_that_does_not_fit_is_refused_with_the_cure(self):
        error = self.assertRaises(SchemaMismatchError, make_service, self.conf(), MemoryReactorClock())
        self.assertIn("buildmaster init", str(error))

    def test_every_part_is_joined(self):
        config = self.conf()
        sqlite_url(config.root)
        daemon = make_service(config, MemoryReactorClock())
        self.addCleanup(daemon._parts.database._transactions.engine.dispose)
        self.assertEqual(
            ["BuildSequencer", "NudgeListener", "Stall", "TCPServer"], [type(part).__name__ for part in daemon]
        )

    def test_the_shipped_file_is_in_the_checkout(self):
        self.assertEqual("buildmaster.conf", SHIPPED.name)

    def test_on_postgresql_the_masters_hear_of_nudges_and_one_takes_the_turns(self):
        config = self.conf(f"[database]\nurl = {self.postgresql()}\n")
        daemon = make_service(config, MemoryReactorClock())
        self.addCleanup(daemon._parts.database._transactions.engine.dispose)
        self.assertIn("NotificationListener", [type(part).__name__ for part in daemon])
        tasks = {type(job.task).__name__ for job in daemon.getServiceNamed("sequencer").jobs}
        self.assertEqual({"Elected"}, tasks)

    def postgresql(self):
        engine = postgresql_engine()
        engine.dispose()
        return engine.url.render_as_string(hide_password=False).replace("%", "%%")
