"""Print listings: a table for people, JSON for scripts.

Of a long one people get the first hundred rows, and are told on stderr when there are more. Scripts, with `--json`,
get all.
"""

import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any

import click

Listing = Any  # a frozen dataclass of the model's, or a mapping
Columns = Sequence[str] | Mapping[str, Callable[[Any], object]]  # names of fields, or headings and what stands below
GAP = "  "  # between columns
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
PAGE = 100  # rows that people get
limit_option = click.option(
    "--limit",
    type=click.IntRange(min=0),
    metavar="N",
    help=f"Print at most N; 0 is all (default: {PAGE}, with --json all).",
)


def print_listing(rows: Sequence[Listing], columns: Columns, *, as_json: bool) -> None:
    """Print ``rows`` as a JSON array with all their fields, or as a table of ``columns``."""
    click.echo(as_text([fields(row) for row in rows]) if as_json else "\n".join(table(rows, columns, _width())))


def print_one(row: Listing, *, as_json: bool) -> None:
    """Print one row as a JSON object, or as a line per field."""
    click.echo(as_text(fields(row)) if as_json else "\n".join(lines(fields(row))))


def page_size(limit: int | None, as_json: bool) -> int | None:
    """Return how many rows to print; None is all."""
    if limit is None:
        return None if as_json else PAGE
    return limit or None


def note_cut(shown: int, total: int) -> None:
    """Say on stderr that there is more than was printed, where there is."""
    if shown < total:
        click.echo(f"{shown} of {total} shown: --limit 0 prints all.", err=True)


def note_more(found: int, size: int | None) -> None:
    """Say on stderr that more than the ``size`` printed rows were found, where that is so."""
    if size is not None and found > size:
        click.echo(f"The newest {size} are shown: --limit 0 prints all.", err=True)


def fields(row: Listing) -> dict[str, object]:
    """Return the fields of a listing, with those of the listings in it."""
    return asdict(row) if is_dataclass(row) and not isinstance(row, type) else dict(row)


def lines(values: Mapping[str, object]) -> list[str]:
    """Return a line per field, the values below one another; a list of listings gets a line each."""
    width = max(map(len, values)) + 2
    return [f"{field + ':':{width}}{text}".rstrip() for field, value in values.items() for text in _texts(value)]


def table(rows: Sequence[Listing], columns: Columns, width: int | None = None) -> list[str]:
    """Return the lines of a table with a heading, its columns as wide as they must be, its lines at most ``width``."""
    cells = [list(columns), *(_cells(row, columns) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [_cut(GAP.join(map(str.ljust, line, widths)).rstrip(), width) for line in cells]


def _cells(row: Listing, columns: Columns) -> list[str]:
    if isinstance(columns, Mapping):
        return [words(column(row)) for column in columns.values()]
    return [words(fields(row).get(column)) for column in columns]


def _texts(value: object) -> list[str]:
    if isinstance(value, (list, tuple)) and value and isinstance(value[0], Mapping):
        return [
            GAP.join(f"{field}={words(inner)}" for field, inner in item.items() if inner is not None) for item in value
        ]
    return [words(value)]


def _width() -> int | None:
    """Return how wide a table may be: a terminal's lines are not to wrap, anything else gets them whole."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _cut(line: str, width: int | None) -> str:
    return line if width is None or len(line) <= width else line[: width - 1] + "…"


def words(value: object) -> str:
    """Return a value as people read it, on one line."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(words, value)) or "-"
    if isinstance(value, Mapping):
        return ", ".join(f"{words(inner)} {field}" for field, inner in value.items()) or "-"
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
