"""Bring the schema of a database to the revision that this code is written for, or tell that it isn't there."""

from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from buildmaster.database import sqlite_file
from buildmaster.errors import BuildmasterError

HERE = Path(__file__).parent
SCHEMA = next(place for place in (HERE / "schema", HERE.parent / "schema") if (place / "env.py").exists())


class SchemaMismatchError(BuildmasterError):
    """The database's schema is not the one that this code is written for."""


def upgrade(engine: Engine) -> None:
    """Run the revisions that the database lacks; an empty database gets them all."""
    with engine.begin() as connection:
        settings = _settings()
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")


def check_fits(engine: Engine) -> None:
    """Raise SchemaMismatchError, with the cure, unless the database is at this code's revision."""
    file = sqlite_file(engine.url)
    if file is not None and not file.exists():
        raise SchemaMismatchError(f"there is no database {file} yet: run `buildmaster init`")
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    wanted = ScriptDirectory.from_config(_settings()).get_current_head()
    if found is None:
        raise SchemaMismatchError("the database is empty: run `buildmaster init`")
    if found != wanted:
        raise SchemaMismatchError(
            f"the database's schema is at revision {found}, this program needs {wanted}: stop the daemon, back up, "
            f"and run `buildmaster init` of the newer version",
        )


def _settings() -> AlembicConfig:
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(SCHEMA))
    return settings
