"""The files of imported sources come when a build of theirs is about to begin."""

import hashlib
import tempfile
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select, update
from twisted.internet.defer import ensureDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.queue.dispatching import UNFETCHED
from buildmaster.files.librarian import FolderLibrarian
from buildmaster.model.dispatch.blocking import review_blocks
from buildmaster.model.tables.archive import SourcePackageRelease, SourcePackageReleaseFile
from buildmaster.model.tables.builds import BuildQueue
from buildmaster.tasks.sourcefetcher import SourceFetcher
from buildmaster.work.errands import Errands
from tests.support.contexts import a_context
from tests.support.rows import NOW, Place, a_build, a_database


class SourceFetcherTests(SynchronousTestCase):
    def setUp(self):
        self.transactions = a_database(self)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.librarian = FolderLibrarian(self.root / "librarian")
        self.clock, self.time, self.nudges = Clock(), NOW, []
        self.errands = Errands(self.clock, 2, "source")
        context = a_context(self.transactions, self.nudges, librarian=self.librarian, now=lambda: self.time)
        self.fetcher = SourceFetcher(context, self.errands, self.root / "fetching")
        (self.root / "hello_1.dsc").write_bytes(b"dsc")
        (self.root / "hello_1.tar.gz").write_bytes(b"tar")
        self.url = (self.root / "hello_1.dsc").as_uri()

    def farm(self, reason=UNFETCHED, dsc=b"dsc", url=None):
        def work(session):
            place = Place(session)
            publication = place.publish("hello")
            release = publication.release
            release.dsc_url, release.imported = url or self.url, True
            session.delete(release.files[0])
            session.flush()
            session.refresh(release)
            for name, content in (("hello_1.dsc", dsc), ("hello_1.tar.gz", b"tar")):
                digest = hashlib.sha256(content).hexdigest()
                release.files.append(SourcePackageReleaseFile(filename=name, sha256=digest, size=len(content)))
            for architecture in place.series.architectures:
                a_build(session, publication, architecture).entry.reason = reason

        self.transactions.write(work)

    def turn(self):
        self.successResultOf(ensureDeferred(self.fetcher.run()))

    def ask(self, *columns):
        return [tuple(row) for row in self.transactions.read(lambda session: session.execute(select(*columns)).all())]

    def reasons(self):
        return {reason for (reason,) in self.ask(BuildQueue.reason)}

    def test_fetches_verifies_and_stores(self):
        self.farm()
        self.turn()
        self.assertEqual({None}, self.reasons())
        files = self.ask(SourcePackageReleaseFile.sha256, SourcePackageReleaseFile.file_id)
        self.assertEqual({b"dsc", b"tar"}, {self.librarian.path(sha256).read_bytes() for sha256, _ in files})
        self.assertNotIn(None, [file_id for _, file_id in files])
        self.assertEqual([(None,)], self.ask(SourcePackageRelease.dsc_url))
        self.assertEqual(["dispatcher", "fetcher"], self.nudges)
        self.assertEqual([], list((self.root / "fetching").iterdir()))

    def test_nothing_is_fetched_before_a_build_asks(self):
        self.farm(reason=None)
        self.turn()
        self.assertEqual({(None,)}, set(self.ask(SourcePackageReleaseFile.file_id)))

    def test_another_content_is_refused_and_said(self):
        self.farm(dsc=b"DSC")
        self.turn()
        [reason] = self.reasons()
        self.assertTrue(reason.startswith(UNFETCHED) and "another SHA-256" in reason, reason)
        self.transactions.write(review_blocks, 0)
        self.assertEqual({reason}, self.reasons())
        self.assertEqual({(None,)}, set(self.ask(SourcePackageReleaseFile.file_id)))

    def test_an_unknown_place_is_said(self):
        self.farm(url="pool/main/h/hello/hello_1.dsc")
        self.turn()
        self.assertIn("import the source again, with --base-url", next(iter(self.reasons())))

    def test_a_failed_fetch_rests_longer_each_time(self):
        self.farm(url=(self.root / "nowhere" / "hello_1.dsc").as_uri())
        starts = []
        self.fetcher._fetched = lambda source, real=self.fetcher._fetched: (starts.append(self.time), real(source))
        for _ in range(10):
            self.turn()
            self.time += timedelta(seconds=60)
        minutes = [(start - NOW).total_seconds() / 60 for start in starts]
        self.assertEqual([0, 1, 3, 7], minutes)

    def test_what_comes_back_is_fetched_in_the_end(self):
        self.farm(url=(self.root / "later" / "hello_1.dsc").as_uri())
        self.turn()
        self.transactions.write(lambda session: session.execute(update(SourcePackageRelease).values(dsc_url=self.url)))
        self.time += timedelta(minutes=2)
        self.turn()
        self.assertEqual({None}, self.reasons())
