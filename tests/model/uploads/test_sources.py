"""A source is recorded with its files, in place of what it replaces; it can be removed and copied."""

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.vocabulary.archives import Pocket, Publishing
from buildmaster.farm.vocabulary.references import parse_archive, parse_suite
from buildmaster.files.packages import read_folder
from buildmaster.model.register.publications import copy_source, delete_source
from buildmaster.model.tables.archive import BinaryPublication, SourcePackageRelease, SourcePublication
from buildmaster.model.tables.distribution import Distribution
from buildmaster.model.uploads.sources import Destination, Refused, record_source
from tests.support.databases import a_folder
from tests.support.packages import a_dsc, write
from tests.support.rows import NOW, Place, a_database, a_series, an_archive
from tests.tasks.test_publisher import a_binary

P = Publishing


def a_source(version, tars=None):
    """Return a folder with hello of this version, as it is read."""
    tars = tars or {"hello_1.0.orig.tar.gz": b"upstream", f"hello_{version}.debian.tar.xz": b"debian"}
    return read_folder(write(a_folder(), {**tars, f"hello_{version}.dsc": a_dsc(tars, Version=version).encode()}))


class RecordTests(SynchronousTestCase):
    def setUp(self):
        self.transactions = a_database(self)
        self.transactions.write(self.add_places)

    def add_places(self, session):
        ubuntu = Distribution(name="ubuntu", title="Ubuntu")
        a_series(session, "hoary", distribution=ubuntu)
        a_series(session, "warty", distribution=ubuntu)
        an_archive(session, ubuntu, reference="ubuntu")

    def record(self, version, suite="hoary"):
        to = Destination(parse_archive("ubuntu"), parse_suite(suite), "ada")
        return self.transactions.write(record_source, a_source(version), to, NOW)

    def states(self):
        def states(session):
            rows = session.query(SourcePublication).order_by(SourcePublication.id)
            return [(row.release.version, row.series.name, row.status) for row in rows]

        return self.transactions.read(states)

    def test_a_later_version_supersedes_the_one_before(self):
        self.record("1.0-1")
        self.transactions.write(lambda session: session.query(SourcePublication).update({"examined": True}))
        self.record("1.0-2")
        self.assertEqual([("1.0-1", "hoary", P.SUPERSEDED), ("1.0-2", "hoary", P.PENDING)], self.states())
        old = self.transactions.read(lambda session: session.get(SourcePublication, 1))
        self.assertEqual((NOW, False), (old.date_superseded, old.examined))

    def test_other_suites_keep_theirs(self):
        self.record("1.0-1", "warty")
        self.record("1.0-2")
        self.assertEqual([("1.0-1", "warty", P.PENDING), ("1.0-2", "hoary", P.PENDING)], self.states())

    def test_the_same_version_in_two_suites_is_one_release(self):
        self.record("1.0-1")
        self.record("1.0-1", "warty")
        self.assertEqual(1, self.transactions.read(lambda session: session.query(SourcePackageRelease).count()))

    def test_a_version_that_somebody_else_was_first_with_is_refused(self):
        self.record("1.0-1")
        self.assertIsInstance(self.record("1.0-1"), Refused)
        self.assertEqual(1, len(self.states()))

    def test_its_files_are_recorded_with_it(self):
        self.record("1.0-1")

        def files(session):
            release = session.query(SourcePackageRelease).one()
            return [(file.filename, file.file.mimetype, file.file.sha256 == file.sha256) for file in release.files]

        expected = [
            ("hello_1.0-1.dsc", "text/plain", True),
            ("hello_1.0.orig.tar.gz", "application/gzip", True),
            ("hello_1.0-1.debian.tar.xz", "application/x-xz", True),
        ]
        self.assertEqual(expected, self.transactions.read(files))


class BinaryTests(SynchronousTestCase):
    """Two sources, each with what was built of it."""

    def setUp(self):
        self.transactions = a_database(self)
        self.transactions.write(self.add)

    def add(self, session):
        place = Place(session, reference="ubuntu")
        an_archive(session, place.series.distribution, reference="ubuntu/partner")
        a_binary(session, place, "1.0-1", place.series.architectures[0], status=P.PUBLISHED)
        a_binary(session, place, "0.9", place.series.architectures[0], "other", status=P.PUBLISHED)

    def binaries(self):
        def binaries(session):
            rows = session.query(BinaryPublication).order_by(BinaryPublication.id)
            return [(row.release.name, row.pocket, row.status) for row in rows]

        return self.transactions.read(binaries)

    def test_deleting_a_source_deletes_what_was_built_of_it(self):
        self.transactions.write(delete_source, 1, NOW)
        expected = [("hello", Pocket.RELEASE, P.DELETED), ("other", Pocket.RELEASE, P.PUBLISHED)]
        self.assertEqual(expected, self.binaries())

    def test_a_copy_within_the_series_takes_its_binaries_along(self):
        self.transactions.write(lambda session: session.query(SourcePublication).update({"pocket": Pocket.PROPOSED}))
        self.transactions.write(lambda session: session.query(BinaryPublication).update({"pocket": Pocket.PROPOSED}))
        self.transactions.write(copy_source, 1, parse_archive("ubuntu"), parse_suite("hoary"), NOW)
        self.assertEqual(("hello", Pocket.RELEASE, P.PENDING), self.binaries()[-1])
        self.assertEqual(3, len(self.binaries()))

    def test_a_copy_to_another_archive_is_built_there(self):
        self.transactions.write(copy_source, 1, parse_archive("ubuntu/partner"), None, NOW)
        self.assertEqual(2, len(self.binaries()))
