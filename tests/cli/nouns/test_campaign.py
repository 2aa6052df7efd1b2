"""An archive is built again in another, and what came of it is compared."""

from sqlalchemy import select, update
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.vocabulary.archives import Publishing, SeriesStatus
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.tables.archive import Archive, SourcePublication
from buildmaster.model.tables.builds import Build
from buildmaster.model.tables.distribution import Distribution, DistroSeries
from tests.support.commands import CommandFarm
from tests.support.rows import a_build, a_publication, a_release, a_series, an_archive


class CampaignTests(SynchronousTestCase):
    def setUp(self):
        self.farm = CommandFarm(self)
        self.farm.transactions.write(self.fill)

    def fill(self, session):
        ubuntu = Distribution(name="ubuntu", title="Ubuntu")
        series = a_series(session, distribution=ubuntu)
        archive = an_archive(session, ubuntu, reference="ubuntu", name="primary")
        for name in ("one", "two", "gone"):
            release = a_release(session, archive, series, name)
            publication = a_publication(session, release, archive, series)
            if name == "gone":
                publication.status = Publishing.SUPERSEDED
            a_build(session, publication, series.architectures[0], BuildState.FULLYBUILT)

    def rebuild(self, *more):
        return self.farm.run("archive", "add", "ubuntu/again", "--copy-of", "ubuntu", "--suite", "hoary", *more)

    def ask(self, query):
        return self.farm.transactions.read(lambda session: session.execute(query).all())

    def test_copies_what_is_published(self):
        self.rebuild("--score", "-10")
        copies = select(SourcePublication.status, SourcePublication.examined).join(Archive)
        self.assertEqual(
            [(Publishing.PENDING, False)] * 2,
            [tuple(row) for row in self.ask(copies.where(Archive.reference == "ubuntu/again"))],
        )
        shown = self.farm.json("archive", "show", "ubuntu/again")
        self.assertEqual(("REBUILD", -10, ["ubuntu"]), (shown["purpose"], shown["score"], shown["depends"]))

    def test_compare_lists_what_builds_on_one_side_only(self):
        self.rebuild()
        self.farm.transactions.write(self.build_again)
        [row] = self.farm.json("archive", "compare", "ubuntu/again", "ubuntu")
        self.assertEqual(("two", "FAILEDTOBUILD", "FULLYBUILT"), (row["source"], row["here"], row["there"]))
        self.assertIn("two", self.farm.run("archive", "compare", "ubuntu", "ubuntu/again"))

    def build_again(self, session):
        states = {"one": BuildState.FULLYBUILT, "two": BuildState.FAILEDTOBUILD}
        there = select(SourcePublication).join(Archive).where(Archive.reference == "ubuntu/again")
        for publication in session.scalars(there).all():
            architecture = publication.series.architectures[0]
            a_build(session, publication, architecture, states[publication.release.name])

    def test_a_closed_suite_is_refused_before_anything_is_made(self):
        closed = update(DistroSeries).values(status=SeriesStatus.SUPPORTED)
        self.farm.transactions.write(lambda session: session.execute(closed) and None)
        words = ("archive", "add", "ubuntu/again", "--copy-of", "ubuntu", "--suite", "hoary")
        self.assertIn("closed", self.farm.refused(*words))
        self.assertEqual(1, len(self.ask(select(Archive.id))))

    def test_copy_of_needs_a_suite(self):
        self.assertEqual(2, self.farm.result("archive", "add", "ubuntu/again", "--copy-of", "ubuntu").exit_code)

    def test_the_builds_of_the_origin_stay(self):
        self.rebuild()
        self.assertEqual(3, len(self.ask(select(Build.id))))
