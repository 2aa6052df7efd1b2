"""The revisions make the tables of the models, on both databases, and the database guards the farm."""

import re
import tempfile
import warnings
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.model.tables.all import metadata
from buildmaster.work.schema import SchemaMismatchError, UnknownRevisionError, check_fits, revisions
from buildmaster.work.transactions import make_engine
from buildmaster.work.upgrading import alembic_settings, upgrade
from tests.support.databases import postgresql_url

DESCENDING = ("ix_buildqueue_waiting", "ix_buildqueue_sourceless")
PREFIX_TWICE = re.compile(r"(ck|fk|ix|pk|uq)_(\w+_)?\1_")


def names_of_the_models():
    """Return all constraints and indices, each with its table."""
    return {
        (table.name, part.name) for table in metadata.sorted_tables for part in (*table.constraints, *table.indexes)
    }


class SchemaTests:
    """What holds on either database."""

    def setUp(self):
        self.engine = make_engine(self.fresh_url())
        self.addCleanup(self.engine.dispose)

    def test_an_empty_database_is_told_to_be_made(self):
        error = self.assertRaises(SchemaMismatchError, check_fits, self.engine)
        self.assertIn("buildmaster init", str(error))

    def test_the_head_is_what_the_models_say(self):
        upgrade(self.engine)
        check_fits(self.engine)
        with self.engine.connect() as connection, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # SQLite can't reflect descending indices: they are known by their names
            found = compare_metadata(MigrationContext.configure(connection), metadata)
        self.assertEqual([], [change for change in found if change[1].name not in DESCENDING])

    def test_each_constraint_and_index_has_the_name_that_the_model_gives(self):
        upgrade(self.engine)
        with self.engine.connect() as connection:
            found = {pair for pair in self.names_in(connection) if pair[0] != "alembic_version"}
        self.assertEqual(names_of_the_models(), found)
        self.assertEqual([], [name for _, name in found if PREFIX_TWICE.match(name)])

    def test_upgrading_may_be_repeated(self):
        upgrade(self.engine)
        upgrade(self.engine)
        check_fits(self.engine)

    def test_a_revision_that_is_not_known_is_named(self):
        upgrade(self.engine)
        with self.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        for work in (check_fits, upgrade):
            error = self.assertRaises(UnknownRevisionError, work, self.engine)
            self.assertIn("9999", str(error))

    def test_an_older_revision_is_told_to_be_upgraded(self):
        upgrade(self.engine)
        with self.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        error = self.assertRaises(SchemaMismatchError, check_fits, self.engine)
        self.assertIn("is at revision 0001, this program needs 000", str(error))


class SqliteSchemaTests(SchemaTests, SynchronousTestCase):
    def fresh_url(self):
        return f"sqlite:///{Path(tempfile.mkdtemp(dir=self.mktemp_folder()))}/farm.sqlite"

    def names_in(self, connection):
        written = connection.execute(text("SELECT tbl_name, type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
        for table, kind, name, sql in written:
            keyed = [f"pk_{table}"] if "AUTOINCREMENT" in sql else []  # such a key bears no name on SQLite
            yield from (
                (table, it) for it in ([name] if kind == "index" else re.findall(r"CONSTRAINT (\w+)", sql) + keyed)
            )

    def mktemp_folder(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return folder.name


class PostgresqlSchemaTests(SchemaTests, SynchronousTestCase):
    def fresh_url(self):
        return postgresql_url()

    def names_in(self, connection):
        return connection.execute(
            text(
                "SELECT relname, conname FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid"
                " WHERE connamespace = CAST('public' AS regnamespace) AND contype <> 'n'"  # NOT NULL has no say in this
                " UNION SELECT tablename, indexname FROM pg_indexes WHERE schemaname = 'public'"
            )
        ).all()


class RevisionTests(SynchronousTestCase):
    def test_the_names_of_the_files_tell_what_alembic_finds_in_them(self):
        scripts = ScriptDirectory.from_config(alembic_settings())
        self.assertEqual([script.revision for script in scripts.walk_revisions()], revisions()[::-1])
        self.assertEqual(scripts.get_current_head(), revisions()[-1])
