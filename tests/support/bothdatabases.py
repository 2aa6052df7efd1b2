"""Cases about rows: each rule is shown on SQLite and, by the class that derives, on PostgreSQL."""

from buildmaster.farm.builders.facts import BuilderFacts
from buildmaster.farm.builders.states import CleanStatus
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.tables.builders import Builder
from buildmaster.model.tables.builds import Attempt, Build
from tests.support.databases import postgresql_farm_url
from tests.support.rows import Place, a_build, a_builder, a_database, an_attempt


class Told:
    """Remembers what people were told."""

    def __init__(self):
        self.builds, self.warnings = [], []

    def ended(self, session, now, build_id):
        self.builds.append((build_id, session.get(Build, build_id, populate_existing=True).buildstate))

    def warn(self, session, now, about, text):
        self.warnings.append(about)


class OnSQLite:
    """A farm with a build that bob holds."""

    def url(self):
        return None

    def setUp(self):
        self.transactions = a_database(self, self.url())
        self.write, self.read = self.transactions.write, self.transactions.read
        self.told = Told()
        self.build_id, self.attempt_id, self.builder_id = self.write(self._set_up)
        self.bob = BuilderFacts(self.builder_id, "bob", "http://bob:8221/")

    def _set_up(self, session):
        self.place = Place(session)
        publication = self.place.publish()
        self.architecture_id = self.place.series.architectures[0].id
        build = a_build(session, publication, self.place.series.architectures[0], BuildState.BUILDING)
        builder = a_builder(session, name="bob", url="http://bob:8221/", clean_status=CleanStatus.DIRTY)
        builder.processors.append(build.processor)
        return build.id, an_attempt(session, build, builder).id, builder.id

    def build(self):
        return self.read(lambda session: session.get(Build, self.build_id))

    def entry(self):
        def look(session):
            entry = session.get(Build, self.build_id).entry
            return entry and {column.name: getattr(entry, column.name) for column in entry.__table__.c}

        return self.read(look)

    def attempt(self):
        return self.read(lambda session: session.get(Attempt, self.attempt_id))

    def builder(self):
        return self.read(lambda session: session.get(Builder, self.builder_id))

    def set(self, kind, row_id, **columns):
        self.write(lambda session: [setattr(session.get(kind, row_id), *item) for item in columns.items()] and None)


class OnPostgreSQL:
    def url(self):
        return postgresql_farm_url()
