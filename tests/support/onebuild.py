"""A database with one build that waits, and one builder that could take it."""

from twisted.trial.unittest import SynchronousTestCase

from tests.support.rows import (
    a_build,
    a_builder,
    a_database,
    a_publication,
    a_release,
    a_series,
    a_stored_file,
    an_archive,
)


class OneBuildTestCase(SynchronousTestCase):
    def setUp(self):
        self.transactions = a_database(self)
        self.transactions.write(self.fill)

    def fill(self, session):
        series = a_series(session, tags=("i386",))
        archive = an_archive(session, series.distribution)
        release = a_release(session, archive, series)
        release.files[0].file = a_stored_file(session)
        publication = a_publication(session, release, archive, series)
        self.build = a_build(session, publication, series.architectures[0]).id
        processor = series.architectures[0].processor
        self.processor = processor.name
        self.builder = a_builder(session, processors=[processor]).id

    def change(self, *statements):
        self.transactions.write(lambda session: [session.execute(statement) for statement in statements])
