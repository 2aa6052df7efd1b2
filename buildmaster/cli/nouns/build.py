"""Builds: `build`."""

import gzip
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import click

from buildmaster.cli.arguments import ARCHIVE, STATE
from buildmaster.cli.farm import Farm, pass_farm
from buildmaster.cli.nouns.buildorders import cancel_build, rescore_build, retry_builds
from buildmaster.cli.output import fields, json_option, limit_option, note_more, page_size, print_listing, print_one
from buildmaster.farm.text.durations import approximately, since
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.files.librarian import ILibrarian
from buildmaster.model.listings.buildlogs import find_log
from buildmaster.model.listings.builds import BuildListing, Context, Wanted, builds, show_build

BATCH = 1000  # rows that one transaction reads
PIECE = 1 << 16  # bytes of a log that are printed at a time
GZIP = b"\x1f\x8b"  # what a compressed log begins with
id_argument = click.argument("build_id", metavar="ID", type=int)


STATES = ", ".join(state.name for state in BuildState)


@click.group()
def build() -> None:
    """List, show, retry, rescore and cancel builds."""


for order in (retry_builds, rescore_build, cancel_build):
    build.add_command(order)


@build.command("list")
@click.option("--state", type=STATE, metavar="STATE", help=f"Only those in this state: {STATES}.")
@click.option("--archive", type=ARCHIVE, metavar="REF", help="Only those for this archive.")
@click.option("--source", metavar="NAME", help="Only those of this source package.")
@click.option("--builder", metavar="NAME", help="Only those that this builder made, or makes.")
@limit_option
@json_option
@pass_farm
def list_all(farm: Farm, /, limit: int | None, as_json: bool, **wanted: Any) -> None:  # Any: as Wanted's
    """List builds, newest first."""
    size = page_size(limit, as_json)
    found = [row for batch in _batches(farm, Wanted(**wanted), size) for row in batch]
    print_listing(found[:size], _columns(farm.now()), as_json=as_json)
    note_more(len(found), size)


@build.command("show")
@id_argument
@json_option
@pass_farm
def show(farm: Farm, build_id: int, as_json: bool) -> None:
    """Show the build ID: state, attempts, log, binaries."""
    listing = farm.transactions.read(show_build, build_id, _context(farm))
    print_one(listing if as_json else _for_people(listing), as_json=as_json)


@build.command("log")
@id_argument
@click.option("--attempt", type=int, metavar="N", help="Of this attempt (default: the latest with a log).")
@pass_farm
def log(farm: Farm, build_id: int, attempt: int | None) -> None:
    """Print the log of the build ID.

    While it is being built, that is the end of what there is; which it is stands on stderr.
    """
    place = farm.transactions.read(find_log, build_id, attempt)
    if place.sha256 is None:
        click.echo(f"Attempt {place.attempt} is under way; this is the end of its log so far:", err=True)
        return click.echo(place.tail)
    click.echo(f"The log of attempt {place.attempt}:", err=True)
    for piece in _pieces(farm.librarian, place.sha256):
        click.echo(piece, nl=False)
    return None


def _batches(farm: Farm, wanted: Wanted, size: int | None) -> Iterator[list[BuildListing]]:
    """Yield the wanted builds in batches, each of a transaction of its own: one more than ``size``, if there are."""
    left = float("inf") if size is None else size + 1
    context = _context(farm)
    while left > 0:
        batch = farm.transactions.read(builds, wanted, int(min(left, BATCH)), context)
        yield batch
        left = left - len(batch) if len(batch) == BATCH else 0
        wanted = replace(wanted, before=batch[-1].id) if batch else wanted


def _for_people(listing: BuildListing) -> dict[str, object]:
    took = None if listing.duration is None else approximately(listing.duration)
    return fields(listing) | {"duration": took}


def _context(farm: Farm) -> Context:
    return Context(farm.config.web.public_url, farm.now())


def _columns(now: datetime) -> dict[str, Callable[[BuildListing], object]]:
    return {
        "id": lambda row: row.id,
        "state": lambda row: row.state,
        "age": lambda row: since(row.created, now),
        "source": lambda row: row.source,
        "version": lambda row: row.version,
        "for": lambda row: f"{row.suite}/{row.architecture}",
        "archive": lambda row: row.archive,
        "builder": lambda row: row.builder,
        "why": lambda row: row.reason or row.failure or row.dependencies,
    }


def _pieces(librarian: ILibrarian, sha256: str) -> Iterator[bytes]:
    """Yield the content, decompressed if it is compressed."""
    with librarian.open(sha256) as stored:
        packed = stored.read(len(GZIP)) == GZIP
        stored.seek(0)
        with gzip.open(stored) if packed else stored as plain:
            yield from iter(lambda: plain.read(PIECE), b"")
