"""The declarative base, and the few column types that we use.

Ids are never given twice, on SQLite neither; times are UTC; an enumeration is stored as its number or its word.
"""

from collections.abc import Callable
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Annotated, Any, cast

import pytz
from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    CursorResult,
    DateTime,
    Delete,
    Dialect,
    Index,
    Insert,
    Integer,
    MetaData,
    Row,
    Select,
    Table,
    Text,
    TextClause,
    Update,
    bindparam,
)
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column
from sqlalchemy.types import TypeDecorator

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UTC(TypeDecorator[datetime]):
    """An aware time in UTC, on both databases; SQLite keeps none of the zone, so it is put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive time: nobody knows which zone it is of."""
        if value is not None and value.tzinfo is None:
            raise ValueError(f"a time without a zone can't be stored: {value!r}")
        return value if value is None else value.astimezone(pytz.UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the time as it was stored, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=pytz.UTC) if value.tzinfo is None else value.astimezone(pytz.UTC)


class Number(TypeDecorator[IntEnum]):
    """A member of an IntEnum, stored as its number."""

    impl = Integer
    cache_ok = True

    def __init__(self, kind: type[IntEnum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: IntEnum | None, dialect: Dialect) -> int | None:
        """Store the number."""
        return None if value is None else int(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], IntEnum | None]:
        """Return what looks the member up: a table, since a snapshot of a large farm has many."""
        members: dict[int | None, IntEnum | None] = {None: None, **{member.value: member for member in self.kind}}
        return members.__getitem__


class Word(TypeDecorator[StrEnum]):
    """A member of a StrEnum, stored as its word."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:
        """Store the word."""
        return None if value is None else str(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], StrEnum | None]:
        """Return what looks the member up: a table, since a snapshot of a large farm has many."""
        members: dict[str | None, StrEnum | None] = {None: None, **{member.value: member for member in self.kind}}
        return members.__getitem__


# The ids that a statement is carried out for: one that is made once, and then given its ids, costs a quarter of what
# one costs that is made with them.
IDS: BindParameter[int] = bindparam("ids", expanding=True)
Id = Annotated[int, mapped_column(Integer, primary_key=True)]


class Base(DeclarativeBase):
    """The base of all tables."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {str: Text, datetime: UTC}
    __table_args__: Any = {"sqlite_autoincrement": True}


def table_of(kind: type[Base]) -> Table:
    """Return the table of a mapped class, for Core statements on hot paths."""
    return cast("Table", kind.__table__)


def partial_index(name: str, *columns: str | ColumnElement[Any], where: TextClause, unique: bool = False) -> Index:
    """Return an index of the rows for which the condition holds.

    It is told to SQLite only: PostgreSQL's has it from the schema, and to tell it here would have every command import
    that dialect with all its drivers.
    """
    return Index(name, *columns, unique=unique, sqlite_where=where)


def by_no_index(column: Column[int]) -> ColumnElement[int]:
    """Return a column as SQLite looks it up in no index: it might take that of what many rows share before a better."""
    plain: ColumnElement[int] = column + 0
    return plain


def changed(session: Session, statement: Update | Delete | Insert) -> int:
    """Carry out the statement, and return how many rows it changed."""
    return cast("CursorResult[Any]", session.execute(statement)).rowcount


AnyRow = Row[*tuple[Any, ...]]  # a row of more columns than its type could name
AnySelect = Select[*tuple[Any, ...]]
AUTOINCREMENT = {"sqlite_autoincrement": True}


def rendered(kind: str, item: object, _context: object) -> str | bool:
    """Return how a revision of the schema writes one of our column types: plainly, so that it outlives the class."""
    if kind == "type" and isinstance(item, (UTC, Number, Word)):
        return {UTC: "sa.DateTime(timezone=True)", Number: "sa.Integer()", Word: "sa.Text()"}[type(item)]
    return False
