"""What waits to be built: `queue`."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

import click
from sqlalchemy.orm import Session

from buildmaster.cli.farm import Farm, pass_farm
from buildmaster.cli.output import PAGE, json_option, limit_option, note_cut, page_size, print_listing
from buildmaster.daemon.config.settings import Config
from buildmaster.farm.text.durations import ago
from buildmaster.files.disk import Disk
from buildmaster.model.listings.explaining import Explanation, explain_build, explain_builders, explain_queue
from buildmaster.model.listings.queue import EntryListing, count_waiting, waiting_entries

DISPATCHER = "dispatcher"


@click.group()
def queue() -> None:
    """Look at the queue: what waits to be built, and why."""


@queue.command("list")
@limit_option
@json_option
@pass_farm
def list_all(farm: Farm, limit: int | None, as_json: bool) -> None:
    """List the builds that wait, in the order of dispatch."""
    weights = farm.config.scores.weights
    now = farm.now()
    found = farm.transactions.read(waiting_entries, page_size(limit, as_json), now, weights)
    print_listing(found, _columns(now), as_json=as_json)
    note_cut(len(found), farm.transactions.read(count_waiting))


@queue.command("explain")
@click.argument("build_id", metavar="[BUILD-ID]", type=int, required=False)
@click.option("--limit", type=click.IntRange(min=1), default=PAGE, show_default=True, help="Of the builds that wait.")
@json_option
@pass_farm
def explain(farm: Farm, build_id: int | None, limit: int, as_json: bool) -> None:
    """Say why a build waits, or why all do.

    Without BUILD-ID it tells of all that wait, the next ones first, and why each builder without work has none.
    """
    halted = halt(farm.config)
    if build_id is None:
        found = farm.transactions.read(_explain_all, limit, halted)
    else:
        found = [farm.transactions.read(explain_build, build_id, halted)]
    print_listing(found, {"what": _what, "reason": lambda row: row.reason}, as_json=as_json)


def _columns(now: datetime) -> dict[str, Callable[[EntryListing], object]]:
    return {
        "build": lambda row: row.build,
        "score": lambda row: row.score,
        "source": lambda row: row.source,
        "version": lambda row: row.version,
        "for": lambda row: f"{row.suite}/{row.architecture}",
        "archive": lambda row: row.archive,
        "builders": lambda row: f"{'trusted' if row.is_trusted else 'untrusted'} {row.processor}",
        "starts": lambda row: row.estimated_start and ago(row.estimated_start, now),
        "blocked": lambda row: row.reason,
    }


def halt(config: Config) -> str | None:
    """Return why the daemon dispatches nothing at all; None where nothing is in its way."""
    if DISPATCHER not in {job.task for job in config.jobs}:
        return f"nothing is dispatched: the job {DISPATCHER} is switched off"
    with suppress(OSError):
        return Disk(config.root, config.limits.free_space).shortage
    return None


def _explain_all(session: Session, limit: int, halted: str | None) -> list[Explanation]:
    return [*explain_queue(session, limit, halted), *explain_builders(session, halted)]


def _what(row: Explanation) -> str:
    return f"build {row.build}" if row.builder is None else f"builder {row.builder}"
