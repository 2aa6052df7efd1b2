"""Bring the schema of a database to the revision that this code is written for, or tell that it isn't there."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine

from buildmaster.errors import BuildmasterError
from buildmaster.work.database import sqlite_file

HERE = Path(__file__).parents[1]
SCHEMA = next(place for place in (HERE / "schema", HERE.parent / "schema") if (place / "env.py").exists())


class SchemaMismatchError(BuildmasterError):
    """The database's schema is not the one that this code is written for."""

    cure = "`buildmaster init`"


class UnknownRevisionError(SchemaMismatchError):
    """The database's schema is one that this code does not know."""

    cure = "run the newer version, or bring back a backup from before it"


def upgrade(engine: Engine) -> None:
    """Run the revisions that the database lacks; an empty database gets them all.

    Raises UnknownRevisionError where it has one that is not known here.
    """
    with engine.begin() as connection:
        _revision(connection)
        settings = _settings()
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")


def check_fits(engine: Engine) -> None:
    """Raise SchemaMismatchError, with the cure, unless the database is at this code's revision."""
    file = sqlite_file(engine.url)
    if file is not None and not file.exists():
        raise SchemaMismatchError(f"there is no database {file} yet: run `buildmaster init`")
    with engine.connect() as connection:
        found = _revision(connection)
    wanted = _revisions().get_current_head()
    if found is None:
        raise SchemaMismatchError("the database is empty: run `buildmaster init`")
    if found != wanted:
        raise SchemaMismatchError(
            f"the database's schema is at revision {found}, this program needs {wanted}: stop the daemon, back up, "
            f"and run `buildmaster init`",
        )


def _revision(connection: Connection) -> str | None:
    """Return the revision of the database; None where it is empty."""
    found = MigrationContext.configure(connection).get_current_revision()
    try:
        _revisions().get_revision(found or "base")
    except CommandError as error:
        raise UnknownRevisionError(
            f"the database's schema is at revision {found}, which this program does not know: a newer version made it"
        ) from error
    return found


@cache
def _revisions() -> ScriptDirectory:
    """Return the revisions; they are read once, for reading them takes longer than most commands do."""
    return ScriptDirectory.from_config(_settings())


def _settings() -> AlembicConfig:
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(SCHEMA))
    return settings
