"""Builds whose build-dependencies can't be installed are held back, by the word of Debian's solver."""

import stat
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from twisted.internet.defer import ensureDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.queue.installability import WaitingSource, sources_stanzas, unmet_dependencies
from buildmaster.farm.vocabulary.archives import Pocket
from buildmaster.files.librarian import FolderLibrarian
from buildmaster.model.tables.builds import BuildQueue
from buildmaster.model.tables.files import remember_file
from buildmaster.model.tables.mirrors import MirrorIndex
from buildmaster.tasks.installability import Installability
from buildmaster.work.errands import Errands
from tests.support.contexts import a_context
from tests.support.rows import NOW, Place, a_build, a_database

REPORT = """\
output-version: 1.2
native-architecture: i386
report:
 -
  package: one
  version: 1.0-1
  architecture: any
  type: src
  status: broken
  reasons:
   -
    missing:
     pkg:
      package: one
      version: 1.0-1
      unsat-dependency: gone-dev:i386 (>= 2) | other:i386
 -
  package: two
  version: 1.0-1
  status: broken
  reasons:
   -
    conflict:
     pkg1:
      package: a
      unsat-conflict: b:i386

binary-packages: 2
"""


class ReportTests(SynchronousTestCase):
    def test_reads_what_is_not_installable(self):
        self.assertEqual(
            {("one", "1.0-1"): "gone-dev (>= 2) | other", ("two", "1.0-1"): "they conflict with each other"},
            unmet_dependencies(REPORT.splitlines()),
        )

    @given(st.lists(st.sampled_from(REPORT.splitlines())))
    def test_any_mixture_of_lines_can_be_read(self, lines):
        unmet_dependencies(lines)

    def test_asks_about_what_can_be_read(self):
        sources = [
            WaitingSource(1, "one", "1", "cpp,\n gcc"),
            WaitingSource(2, "two", "2", "(("),
            WaitingSource(3, "c", "3", ""),
        ]
        self.assertEqual(
            [
                "Package: one\nVersion: 1\nArchitecture: any\nBuild-Depends: cpp, gcc\n\n",
                "Package: c\nVersion: 3\nArchitecture: any\n\n",
            ],
            list(sources_stanzas(sources)),
        )


class HoldTests(SynchronousTestCase):
    def setUp(self):
        self.transactions = a_database(self)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.librarian = FolderLibrarian(self.root / "librarian")
        self.nudges = []
        self.solver("cat " + str(self.root / "report"))
        self.transactions.write(self.fill)

    def solver(self, command):
        """Write a solver that keeps what it was asked, and does ``command``."""
        path = self.root / "solver"
        path.write_text(f'#!/bin/sh\nfor last; do :; done\ncp "$last" {self.root}/asked\n{command}\nexit 1\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def fill(self, session):
        place = Place(session)
        architecture = place.series.architectures[1]
        for name in ("one", "three"):
            a_build(session, place.publish(name, builddepends="gone-dev"), architecture)
        (self.root / "Packages").write_text("Package: cpp\nVersion: 1\n")
        content = self.librarian.add(self.root / "Packages")
        file_id = remember_file(session, content, "Packages", "text/plain", NOW)
        index = {"component": "main", "tag": architecture.architecturetag, "sha256": "0", "date_fetched": NOW}
        where = {"archive_id": place.archive.id, "series_id": place.series.id, "pocket": Pocket.RELEASE}
        session.add(MirrorIndex(**index, **where, offers_id=file_id, packages_id=file_id))

    def turn(self, report):
        (self.root / "report").write_text(report)
        errands = Errands(Clock(), 1, "mirror")
        context = a_context(self.transactions, self.nudges, librarian=self.librarian)
        task = Installability(context, errands, str(self.root / "solver"))
        self.successResultOf(ensureDeferred(task.run()))

    def reasons(self):
        query = select(BuildQueue.reason).order_by(BuildQueue.build_id)
        return self.transactions.read(lambda session: session.scalars(query).all())

    def test_holds_back_and_lets_go(self):
        self.turn(REPORT)
        held = "build-dependencies not installable: gone-dev (>= 2) | other"
        self.assertEqual([held, None], self.reasons())
        self.assertEqual(["dispatcher"], self.nudges)
        self.assertIn("Package: three", (self.root / "asked").read_text())
        self.turn("report:\n")
        self.assertEqual([None, None], self.reasons())

    def test_a_solver_that_fails_holds_nothing(self):
        self.solver("exit 64")
        self.turn(REPORT)
        self.assertEqual([None, None], self.reasons())

    def test_nothing_is_asked_where_no_mirror_is_known(self):
        self.transactions.write(lambda session: session.query(MirrorIndex).delete())
        self.turn(REPORT)
        self.assertEqual([None, None], self.reasons())
