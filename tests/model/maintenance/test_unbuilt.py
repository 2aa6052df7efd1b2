"""A source that is published has its builds, or is found: on either database."""

import tempfile
from pathlib import Path

from sqlalchemy import select, update
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.queue.archspecific import NO_ARCH_SPECIFIC
from buildmaster.farm.vocabulary.archives import Publishing
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.files.archspecific import ArchSpecificFiles
from buildmaster.files.dpkgtables import dpkg_tables
from buildmaster.model.maintenance.unbuilt import look_for_unbuilt, tell_unbuilt
from buildmaster.model.tables.archive import SourcePublication
from buildmaster.model.tables.builds import Build
from buildmaster.model.tables.distribution import DistroArchSeries
from tests.support.databases import postgresql_farm_url
from tests.support.rows import Place, a_binary, a_build, a_database, a_publication, an_archive


class UnbuiltTests(SynchronousTestCase):
    """What the queue builder would make, and has not."""

    url = None

    def setUp(self):
        self.transactions = a_database(self, self.url and self.url())
        self.transactions.write(self.fill)

    def fill(self, session):
        """Publish two sources: one has a build on each architecture, the other on one of the two."""
        place = Place(session, reference="ubuntu")
        place.series.distribution.name = "ubuntu"
        self.series = place.series.id
        amd64, i386 = place.series.architectures
        whole, half = place.publish("whole"), place.publish("half")
        self.half = half.id
        self.builds = [a_build(session, *it).id for it in ((whole, i386), (whole, amd64), (half, i386))]
        session.execute(update(SourcePublication).values(examined=True))

    def found(self, rules=None):
        rules = {self.series: NO_ARCH_SPECIFIC} if rules is None else rules
        looked = [self.look(rules, 0)]
        while looked[-1].last is not None:
            looked.append(self.look(rules, looked[-1].last))
        missing = [build for piece in looked for build in piece.missing]
        return [finding.what for finding in self.transactions.read(tell_unbuilt, missing)]

    def look(self, rules, after):
        return self.transactions.read(look_for_unbuilt, dpkg_tables(), rules, after, 1)

    def change(self, statement):
        self.transactions.write(lambda session: session.execute(statement))

    def test_a_source_without_a_build_is_found(self):
        told = "1 source(s) published in ubuntu have no build for ubuntu/hoary/amd64: half 1.0-1 is one"
        self.assertEqual([told], self.found())

    def test_a_build_in_any_state_will_do(self):
        self.change(update(Build).where(Build.id == self.builds[0]).values(buildstate=BuildState.SUPERSEDED))
        self.assertEqual(1, len(self.found()))

    def test_what_the_queue_builder_has_yet_to_look_at_counts_for_nothing(self):
        self.change(update(SourcePublication).values(examined=False))
        self.assertEqual([], self.found())

    def test_a_series_whose_rules_changed_counts_for_nothing(self):
        self.assertEqual([], self.found(rules={}))

    def test_what_is_published_no_more_wants_no_builds(self):
        self.change(
            update(SourcePublication).where(SourcePublication.id == self.half).values(status=Publishing.SUPERSEDED)
        )
        self.assertEqual([], self.found())

    def test_binaries_that_were_copied_are_as_good_as_a_build(self):
        self.transactions.write(self.copy)
        self.assertEqual([], self.found())

    def copy(self, session):
        half = session.get_one(SourcePublication, self.half)
        amd64 = session.scalar(select(DistroArchSeries).where(DistroArchSeries.architecturetag == "amd64"))
        elsewhere = an_archive(session, half.series.distribution)
        publication = a_publication(session, half.release, elsewhere, half.series)
        there = a_build(session, publication, amd64, BuildState.FULLYBUILT)
        a_binary(session, there, archive=half.archive)


class PostgresqlUnbuiltTests(UnbuiltTests):
    url = staticmethod(postgresql_farm_url)


class FollowedTests(SynchronousTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.files = ArchSpecificFiles(Path(folder.name))
        (Path(folder.name) / "Packages-arch-specific").write_text("%half: i386\n")

    def test_a_file_that_changed_is_yet_to_be_followed(self):
        digest = self.files.of("ubuntu", "hoary").digest
        followed = self.files.followed({1: ("ubuntu", "hoary", digest), 2: ("ubuntu", "warty", None)})
        self.assertEqual([1], list(followed))
