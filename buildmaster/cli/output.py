"""Print listings: a table for people, JSON for scripts."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum

import click

Row = Mapping[str, object]
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def print_listing(rows: Sequence[Row], columns: Sequence[str], *, as_json: bool) -> None:
    """Print ``rows`` as a JSON array with all their fields, or as a table of ``columns``."""
    click.echo(as_text(rows) if as_json else "\n".join(table(rows, columns)))


def print_one(row: Row, *, as_json: bool) -> None:
    """Print one row as a JSON object, or as a line per field."""
    click.echo(as_text(row) if as_json else "\n".join(f"{field}: {words(value)}" for field, value in row.items()))


def table(rows: Sequence[Row], columns: Sequence[str]) -> list[str]:
    """Return the lines of a table with a heading, its columns as wide as they must be."""
    lines = [list(columns), *([words(row.get(column)) for column in columns] for row in rows)]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    return ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]


def words(value: object) -> str:
    """Return a value as people read it, on one line."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(words, value))
    return (value.name if isinstance(value, Enum) else str(value)).replace("\n", " ")


def as_text(value: object) -> str:
    """Return JSON; times are ISO 8601 in UTC. States go in by their names."""
    return json.dumps(value, indent=2, default=plain)


def plain(value: object) -> object:
    """Return what JSON can hold for a value that it can't."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"no JSON for {type(value).__name__}")
