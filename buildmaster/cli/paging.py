"""How much of a long listing is printed.

People get the first hundred rows, and are told on stderr when there are more. Scripts, with `--json`, get all.
"""

import click

PAGE = 100  # rows that people get
limit_option = click.option(
    "--limit",
    type=click.IntRange(min=0),
    metavar="N",
    help=f"Print at most N; 0 is all (default: {PAGE}, with --json all).",
)


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
