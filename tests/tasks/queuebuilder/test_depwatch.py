"""Builds that wait for dependencies go back as soon as these are there."""

import tempfile
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select, update
from twisted.internet.defer import ensureDeferred
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.vocabulary.archives import Pocket, Publishing, Purpose, SeriesStatus
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.files.dpkgtables import dpkg_tables
from buildmaster.files.librarian import FolderLibrarian
from buildmaster.model.tables.archive import ArchiveDependency
from buildmaster.model.tables.builds import Build, BuildQueue
from buildmaster.model.tables.distribution import DistroSeries
from buildmaster.model.tables.files import remember_file
from buildmaster.model.tables.mirrors import MirrorIndex
from buildmaster.tasks.queuebuilder.depwatch import DependencyWatch
from tests.support.contexts import a_context
from tests.support.databases import postgresql_farm_url
from tests.support.rows import (
    NOW,
    Place,
    a_binary,
    a_build,
    a_database,
    a_publication,
    a_release,
    an_archive,
    numbers,
)


class WatchTests:
    """What holds on either database."""

    url = None

    def setUp(self):
        self.transactions = a_database(self, self.url and self.url())
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.librarian = FolderLibrarian(self.root / "librarian")
        self.time = NOW
        self.restart()

    def restart(self):
        context = a_context(self.transactions, now=lambda: self.time, librarian=self.librarian)
        self.watch = DependencyWatch(context, dpkg_tables())

    def farm(self, line="cpp (>= 2)", published="gcc", purpose=Purpose.PRIMARY, **columns):
        """Add a build on i386 that waits for ``line``, in an archive that holds a package."""

        def work(session):
            place = Place(session, purpose=purpose)
            i386 = place.series.architectures[1]
            source = place.publish("tool")
            if published:
                self.publish(session, a_build(session, source, i386, BuildState.FULLYBUILT), published)
            values = {"dependencies": line, "datebuilt": NOW, **columns}
            build = a_build(session, place.publish("waits"), i386, BuildState.MANUALDEPWAIT, **values)
            self.id = build.id

        self.transactions.write(work)

    def publish(self, session, build, name, version="1.0", **columns):
        return a_binary(session, build, name, version, **columns)

    def comes(self, name, version="2.0", **columns):
        """Publish a package, now, where the build can use it, or as ``columns`` say."""

        def work(session):
            waits = session.get(Build, self.id)
            series = waits.architecture.series
            release = a_release(session, waits.archive, series, f"source-of-{name}", str(next(numbers)))
            source = a_publication(session, release, waits.archive, series)
            maker = a_build(session, source, series.architectures[0], BuildState.FULLYBUILT)
            values = {"architecture": waits.architecture, "date_published": self.time, **columns}
            a_binary(session, maker, name, version, **values)

        self.transactions.write(work)

    def release(self):
        return self.successResultOf(ensureDeferred(self.watch.release()))

    def later(self, **delay):
        self.time += timedelta(**delay)

    def state(self):
        columns = Build.buildstate, Build.dependencies, Build.dependency_retries, Build.failure
        query = select(*columns).where(Build.id == self.id)
        return tuple(self.transactions.read(lambda session: session.execute(query).one()))

    def remains(self, line):
        self.assertEqual((0, (BuildState.MANUALDEPWAIT, line)), (self.release(), self.state()[:2]))

    def goes_back(self):
        self.assertEqual((1, BuildState.NEEDSBUILD), (self.release(), self.state()[0]))
        query = select(BuildQueue.score_step).where(BuildQueue.build_id == self.id)
        self.assertEqual([None], self.transactions.read(lambda session: session.scalars(query).all()))

    def test_goes_back_when_it_comes(self):
        self.farm("cpp (>= 2), gcc")
        self.remains("cpp (>= 2)")
        self.later(minutes=5)
        self.remains("cpp (>= 2)")
        self.comes("cpp")
        self.goes_back()
        self.assertEqual((None, 1, "cpp (>= 2) is there now"), self.state()[1:])

    def test_a_virtual_package_is_enough(self):
        self.farm("awk")
        self.remains("awk")
        self.comes("gawk", provides="awk, other")
        self.goes_back()

    def test_what_is_too_old_is_not_enough(self):
        self.farm()
        self.comes("cpp", "1.9")
        self.remains("cpp (>= 2)")

    def test_what_is_not_published_yet_is_not_enough(self):
        self.farm()
        self.comes("cpp", status=Publishing.PENDING, date_published=None)
        self.remains("cpp (>= 2)")

    def test_another_pocket_or_component_is_not_enough(self):
        self.farm()
        self.comes("cpp", pocket=Pocket.UPDATES)
        self.comes("cpp", component="universe")
        self.remains("cpp (>= 2)")

    def test_a_ppa_uses_all_components_and_the_primary_archive(self):
        self.farm(purpose=Purpose.PPA)
        self.comes("cpp", component="universe")
        self.goes_back()

    def test_archives_that_it_depends_on_count(self):
        self.farm()

        def depend(session):
            build = session.get(Build, self.id)
            other = an_archive(session, build.archive.distribution)
            session.add(ArchiveDependency(archive_id=build.archive_id, dependency_id=other.id, date_created=NOW))
            return other.id

        other = self.transactions.write(depend)
        self.remains("cpp (>= 2)")
        self.transactions.write(lambda session: self.comes_to(session, other))
        self.goes_back()

    def comes_to(self, session, archive_id):
        maker = session.scalar(select(Build).where(Build.buildstate == BuildState.FULLYBUILT))
        architecture = session.get(Build, self.id).architecture
        row = a_binary(session, maker, "cpp", "2.0", architecture=architecture, date_published=NOW + timedelta(1))
        row.archive_id = archive_id

    def test_what_was_there_all_along_sends_it_back_once(self):
        self.farm("gcc")
        self.goes_back()
        self.later(minutes=5)
        again = update(Build).where(Build.id == self.id)
        waits = {"buildstate": BuildState.MANUALDEPWAIT, "dependencies": "gcc", "datebuilt": self.time}
        self.transactions.write(lambda session: session.execute(again.values(**waits)))
        self.assertEqual(0, self.release())
        self.assertEqual("its slave said twice that this is missing, but it is there", self.state()[3])
        self.restart()
        self.assertEqual(0, self.release())
        self.later(minutes=5)
        self.comes("gcc", "3.0")
        self.transactions.write(lambda session: session.query(BuildQueue).delete())
        self.goes_back()

    def test_is_tried_hourly_while_nothing_is_known(self):
        self.farm(published=None)
        self.remains("cpp (>= 2)")
        self.later(minutes=59)
        self.remains("cpp (>= 2)")
        self.later(minutes=1)
        self.goes_back()

    def test_a_mirror_counts(self):
        self.farm(published=None)
        self.offer("gawk\t1\nawk\t\n")
        self.remains("cpp (>= 2)")
        self.later(minutes=5)
        self.offer("cpp\t3\n")
        self.goes_back()

    def offer(self, text):
        path = self.root / "offers"
        path.write_text(text)
        content = self.librarian.add(path)

        def work(session):
            build = session.get(Build, self.id)
            file_id = remember_file(session, content, "offers", "text/plain", self.time)
            session.query(MirrorIndex).delete()
            session.add(
                MirrorIndex(
                    archive_id=build.archive_id,
                    series_id=build.architecture.series_id,
                    pocket=Pocket.RELEASE,
                    component="main",
                    tag=build.architecture.architecturetag,
                    sha256="0",
                    offers_id=file_id,
                    packages_id=file_id,
                    date_fetched=self.time,
                ),
            )

        self.transactions.write(work)

    def test_a_line_that_can_not_be_read_sets_it_aside(self):
        self.farm("(>= 1)")
        self.remains("(>= 1)")
        self.assertEqual("its dependencies can't be read: '(>= 1)' is no relation", self.state()[3])

    def test_stays_while_its_pocket_is_closed(self):
        self.farm("gcc")
        closed = update(DistroSeries).values(status=SeriesStatus.CURRENT)
        self.transactions.write(lambda session: session.execute(closed))
        self.remains("gcc")


class SqliteTests(WatchTests, SynchronousTestCase):
    """All of it on SQLite."""


class PostgresqlTests(WatchTests, SynchronousTestCase):
    url = staticmethod(postgresql_farm_url)
