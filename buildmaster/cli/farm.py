"""What commands work on: the farm that the conf file describes."""

import getpass
import os
from collections.abc import Callable
from datetime import datetime
from functools import cached_property, wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import click
import pytz
from sqlalchemy.exc import DBAPIError

from buildmaster.daemon.config.reading import find, load
from buildmaster.daemon.config.settings import Config
from buildmaster.daemon.waking import notify, send
from buildmaster.errors import BuildmasterError
from buildmaster.files.librarian import ILibrarian, open_librarian
from buildmaster.work.schema import check_fits
from buildmaster.work.transactions import Transactions, make_engine, sqlite_file

P = ParamSpec("P")
R = TypeVar("R")


class DatabaseError(BuildmasterError):
    """The database does not answer, or fails."""


class Farm:
    """The conf file, the database and the files of a farm, each opened when it is first asked for.

    ``path`` is the conf file's, or None for the usual places.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path

    @property
    def path(self) -> Path:
        """The conf file."""
        return find(self._path)

    @cached_property
    def config(self) -> Config:
        """The conf file's settings; raises ConfigError with all its mistakes."""
        return load(self.path)

    @cached_property
    def raw_transactions(self) -> Transactions:
        """The database, whatever its schema."""
        return Transactions(make_engine(self.config.database.url))

    @cached_property
    def transactions(self) -> Transactions:
        """The database; raises SchemaMismatchError unless its schema is the one of this code."""
        check_fits(self.raw_transactions.engine)
        return self.raw_transactions

    @cached_property
    def librarian(self) -> ILibrarian:
        """The keeper of the farm's files."""
        return open_librarian(self.config.librarian.store)

    @property
    def who(self) -> str:
        """The name that the audit trail gets: the system's user, or the number of one without a name."""
        try:
            return getpass.getuser()
        except (KeyError, OSError):
            return f"uid {os.getuid()}"

    def now(self) -> datetime:
        """Return the time, in UTC."""
        return datetime.now(tz=pytz.UTC)

    def nudge(self, *names: str) -> None:
        """Make these jobs of the daemon due at once, if one runs: here, or elsewhere on the same PostgreSQL."""
        send(self.config.root, names)
        if sqlite_file(self.config.database.url) is None:
            self.transactions.write(notify, names)

    def close(self) -> None:
        """Let go of the database, if it was opened."""
        if "raw_transactions" in self.__dict__:
            self.raw_transactions.engine.dispose()


def pass_farm(command: Callable[Concatenate[Farm, P], R]) -> Callable[P, R]:
    """Give a command the farm of the conf file that was named, and let go of it afterwards.

    The command raises DatabaseError where its database fails.
    """

    @wraps(command)
    def with_farm(*args: P.args, **options: P.kwargs) -> R:
        farm = Farm(click.get_current_context().obj)
        try:
            return command(farm, *args, **options)
        except DBAPIError as error:
            name = repr(farm.raw_transactions.engine.url)  # without its password
            raise DatabaseError(f"the database {name}: {error.orig}".partition("\n")[0]) from error
        finally:
            farm.close()

    return with_farm
