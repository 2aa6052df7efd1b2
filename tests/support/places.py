"""The places of the first farm, with a source that is published in them, for tests of the commands that set them."""

from sqlalchemy import select
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.vocabulary.references import parse_series
from buildmaster.model.tables.archive import Archive, SourcePublication
from buildmaster.model.tables.builds import BuildQueue
from buildmaster.model.tables.distribution import find_series
from tests.support.buildrows import a_build, an_entry
from tests.support.commands import CommandFarm
from tests.support.firstfarm import set_up
from tests.support.rows import Place


class PlaceCase(SynchronousTestCase):
    def setUp(self):
        self.farm = CommandFarm(self)
        set_up(self.farm)

    def entry(self):
        """Return the one entry's trust, reason and step."""
        return self.farm.transactions.read(
            lambda session: tuple(session.execute(select(BuildQueue.is_trusted, BuildQueue.reason)).one()),
        )

    def publish(self, reference):
        self.farm.transactions.write(self.write, reference)

    def write(self, session, reference):
        place = Place.__new__(Place)
        place.session, place.archive = session, session.scalar(select(Archive).where(Archive.reference == reference))
        place.series = self.hoary(session)
        publication = place.publish()
        publication.examined = True
        build = a_build(session, publication.release, place.series.architectures[1], place.archive)
        an_entry(session, build, reason="no chroot for ubuntu/hoary/i386")

    def hoary(self, session):
        return find_series(session, parse_series("ubuntu/hoary"))

    def examined(self):
        return self.farm.transactions.read(lambda session: session.scalar(select(SourcePublication.examined)))

    def assert_refused(self, refused):
        """Assert that each line of the table is refused with its words."""
        self.maxDiff = None
        self.assertEqual(refused, {line: self.farm.refused(*line.split()) for line in refused})
