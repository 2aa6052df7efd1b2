"""Bring the schema of a database to the revision that this code is written for."""

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import Engine

from buildmaster.work.schema import SCHEMA, known_revision


def upgrade(engine: Engine) -> None:
    """Run the revisions that the database lacks; an empty database gets them all.

    Raises UnknownRevisionError where it has one that is not known here.
    """
    with engine.begin() as connection:
        known_revision(connection)
        settings = alembic_settings()
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")


def alembic_settings() -> AlembicConfig:
    """Return where Alembic finds the revisions."""
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(SCHEMA))
    return settings
