"""Mirrors are read when they change, and what they offer is kept."""

import gzip
import hashlib
import tempfile
from pathlib import Path

from sqlalchemy import select
from twisted.internet.defer import ensureDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.indices.release import IndexPlace, packages_index
from buildmaster.farm.vocabulary.archives import Pocket
from buildmaster.files.librarian import FolderLibrarian
from buildmaster.model.tables.files import StoredFile
from buildmaster.model.tables.mirrors import MirrorIndex
from buildmaster.tasks.mirrorindices import MirrorIndices
from buildmaster.work.errands import Errands
from tests.support.contexts import a_context
from tests.support.rows import Place, a_database

RELEASE = """\
Origin: Debian
MD5Sum:
 abc 5 main/binary-i386/Packages
SHA256:
 aa 100 main/binary-i386/Packages
 bb 50 main/binary-i386/Packages.gz
 cc nonsense main/binary-i386/Packages.xz
 dd 7 main/binary-amd64/Packages
"""


class ReleaseTests(SynchronousTestCase):
    def test_finds_the_smallest_form(self):
        self.assertEqual(IndexPlace("main/binary-i386/Packages.gz", "bb", 50), packages_index(RELEASE, "main", "i386"))
        self.assertEqual(IndexPlace("main/binary-amd64/Packages", "dd", 7), packages_index(RELEASE, "main", "amd64"))
        self.assertIsNone(packages_index(RELEASE, "contrib", "i386"))
        self.assertIsNone(packages_index("", "main", "i386"))


class MirrorTests(SynchronousTestCase):
    def setUp(self):
        self.transactions = a_database(self)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.librarian = FolderLibrarian(self.root / "librarian")
        self.nudges = []
        context = a_context(self.transactions, self.nudges, librarian=self.librarian)
        self.task = MirrorIndices(context, Errands(Clock(), 1, "mirror"), self.root / "fetching")
        url = (self.root / "mirror").as_uri()
        self.transactions.write(lambda session: Place(session, url=url, components="main,contrib") and None)

    def mirror(self, suite, text, name="InRelease"):
        """Write a suite with one Packages index."""
        folder = self.root / "mirror" / "dists" / suite / "main" / "binary-i386"
        folder.mkdir(parents=True, exist_ok=True)
        content = gzip.compress(text.encode())
        (folder / "Packages.gz").write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        line = f"SHA256:\n {digest} {len(content)} main/binary-i386/Packages.gz\n"
        (folder.parent.parent / name).write_text(line)

    def turn(self):
        self.successResultOf(ensureDeferred(self.task.run()))

    def offers(self):
        """Return what is kept: pocket, tag and text of each index."""
        rows = self.transactions.read(
            lambda session: session.execute(
                select(MirrorIndex.pocket, MirrorIndex.tag, StoredFile.sha256)
                .join(StoredFile, StoredFile.id == MirrorIndex.offers_id)
                .order_by(MirrorIndex.pocket),
            ).all(),
        )
        return [(pocket, tag, self.librarian.path(sha256).read_text()) for pocket, tag, sha256 in rows]

    def test_keeps_what_the_suites_offer(self):
        self.mirror("hoary", "Package: cpp\nVersion: 4\nProvides: c-preprocessor\n")
        self.mirror("hoary-security", "Package: cpp\nVersion: 4.1\n", "Release")
        self.turn()
        self.assertEqual(
            [
                (Pocket.RELEASE, "i386", "cpp\t4\nc-preprocessor\t\n"),
                (Pocket.SECURITY, "i386", "cpp\t4.1\n"),
            ],
            self.offers(),
        )
        self.assertEqual(["queue_builder"], self.nudges)

    def test_nothing_new_changes_nothing(self):
        self.mirror("hoary", "Package: cpp\nVersion: 4\n")
        self.turn()
        self.nudges.clear()
        self.turn()
        self.assertEqual([], self.nudges)

    def test_a_new_index_replaces_the_old_one(self):
        self.mirror("hoary", "Package: cpp\nVersion: 4\n")
        self.turn()
        self.mirror("hoary", "Package: cpp\nVersion: 5\n")
        self.turn()
        self.assertEqual([(Pocket.RELEASE, "i386", "cpp\t5\n")], self.offers())

    def test_a_suite_that_went_is_forgotten(self):
        self.mirror("hoary", "Package: cpp\nVersion: 4\n")
        self.turn()
        (self.root / "mirror" / "dists" / "hoary" / "InRelease").unlink()
        self.turn()
        self.assertEqual([], self.offers())

    def test_a_mirror_that_lies_is_not_believed(self):
        self.mirror("hoary", "Package: cpp\nVersion: 4\n")
        index = self.root / "mirror" / "dists" / "hoary" / "main" / "binary-i386" / "Packages.gz"
        index.write_bytes(b"x" * index.stat().st_size)
        self.turn()
        self.assertEqual([], self.offers())
