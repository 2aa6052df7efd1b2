"""What waits to be built: `queue`."""

from collections.abc import Callable

import click

from buildmaster.cli.farm import Farm
from buildmaster.cli.output import json_option, print_listing
from buildmaster.cli.paging import limit_option, note_cut, page_size
from buildmaster.model.queuelists import EntryListing, count_waiting, waiting_entries

COLUMNS: dict[str, Callable[[EntryListing], object]] = {
    "build": lambda row: row.build,
    "score": lambda row: row.score,
    "processor": lambda row: row.processor,
    "trusted": lambda row: row.is_trusted,
    "title": lambda row: row.title,
    "reason": lambda row: row.reason,
}


@click.group()
def queue() -> None:
    """Look at the queue: what waits to be built, and why."""


@queue.command("list")
@limit_option
@json_option
@click.pass_obj
def list_all(farm: Farm, limit: int | None, as_json: bool) -> None:
    """List the builds that wait, in the order of dispatch."""
    found = farm.transactions.read(waiting_entries, page_size(limit, as_json))
    print_listing(found, COLUMNS, as_json=as_json)
    note_cut(len(found), farm.transactions.read(count_waiting))
