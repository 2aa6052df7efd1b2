"""A master with one builder, for tests of the scanner's turns: what bob builds, and what the log says of it."""

import gzip

from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.builders.states import BuilderStatus, CleanStatus
from buildmaster.model.tables.builds import Build, BuildQueue
from buildmaster.model.tables.files import StoredFile
from tests.support.master import Master

LOG = b"This is a build log\n"


class ScannerCase(SynchronousTestCase):
    def setUp(self):
        self.master = Master(self)
        self.bob = self.master.add_builder("bob")
        self.lines = []
        globalLogPublisher.addObserver(self.listen)
        self.addCleanup(globalLogPublisher.removeObserver, self.listen)

    def listen(self, logged):
        if str(logged.get("log_namespace", "")).startswith("builders."):
            self.lines.append((logged["log_level"], logged.get("text", logged["log_format"])))

    def build(self, verdict="OK", seconds=30, **ways):
        """Let bob build something, to this end; return the build's id."""
        if verdict != "OK":
            self.bob.will(verdict, duration=5, log=LOG, **ways)
        build_id = self.master.add_build()
        self.master.run(seconds, "slave_scanner", "dispatcher", "uploader")
        return build_id

    def entry(self, build_id):
        return self.master.read(lambda session: session.query(BuildQueue).filter_by(build_id=build_id).one_or_none())

    def log_of(self, build_id):
        """Return the name, the type and the text of the build's log."""
        row = self.master.read(lambda session: session.get(StoredFile, session.get(Build, build_id).buildlog_id))
        return row.filename, row.mimetype, gzip.decompress(self.master.librarian.path(row.sha256).read_bytes())

    def is_free(self):
        """Tell whether bob can be given work again."""
        return (self.master.builder().clean_status, self.bob.status) == (CleanStatus.CLEAN, BuilderStatus.IDLE)

    def said(self, text):
        return [level for level, line in self.lines if text in line]
