"""Tell whether a database is at the schema revision that this code is written for.

The revisions are known by the names of their files, the database's by its one row. Every command asks; Alembic, which
brings a database to the newest of them (see ``upgrading``), takes longer to be imported than a listing to be read.
"""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from buildmaster.errors import BuildmasterError
from buildmaster.work.transactions import READING, sqlite_file

HERE = Path(__file__).parents[1]
SCHEMA = next(place for place in (HERE / "schema", HERE.parent / "schema") if (place / "env.py").exists())


class SchemaMismatchError(BuildmasterError):
    """The database's schema is not the one that this code is written for."""

    cure = "`buildmaster init`"


class UnknownRevisionError(SchemaMismatchError):
    """The database's schema is one that this code does not know."""

    cure = "run the newer version, or bring back a backup from before it"


def check_fits(engine: Engine) -> None:
    """Raise SchemaMismatchError, with the cure, unless the database is at this code's revision."""
    file = sqlite_file(engine.url)
    if file is not None and not file.exists():
        raise SchemaMismatchError(f"there is no database {file} yet: run `buildmaster init`")
    with engine.connect().execution_options(**READING) as connection:
        found = known_revision(connection)
    wanted = revisions()[-1]
    if found is None:
        raise SchemaMismatchError("the database is empty: run `buildmaster init`")
    if found != wanted:
        raise SchemaMismatchError(
            f"the database's schema is at revision {found}, this program needs {wanted}: stop the daemon, back up, "
            f"and run `buildmaster init`",
        )


def revisions() -> list[str]:
    """Return the revisions, oldest first: each is the number that its file's name begins with."""
    return sorted(path.name.partition("_")[0] for path in (SCHEMA / "versions").glob("[0-9]*_*.py"))


def known_revision(connection: Connection) -> str | None:
    """Return the revision of the database, or None where it is empty; raise UnknownRevisionError at another's."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if found is not None and found not in revisions():
        raise UnknownRevisionError(
            f"the database's schema is at revision {found}, which this program does not know: a newer version made it"
        )
    return found
