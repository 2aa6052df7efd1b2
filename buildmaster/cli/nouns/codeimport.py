"""Imports of code from elsewhere: `code-import`."""

from collections.abc import Mapping
from typing import TypeVar

import click

from buildmaster.cli.changes import NOBODY, change
from buildmaster.cli.farm import Farm, pass_farm
from buildmaster.cli.output import json_option, print_listing, print_one
from buildmaster.farm.codeimports.jobs import By, ImportPolicy, ImportRefusedError, NewImport, configured_policy
from buildmaster.farm.codeimports.repositories import check_source
from buildmaster.farm.codeimports.states import RcsType, ReviewStatus
from buildmaster.model.codeimports.reviews import add_import, request, review
from buildmaster.model.listings.imports import list_imports, list_results, show_import

T = TypeVar("T")
COLUMNS = ("name", "rcs_type", "review_status", "job", "date_due", "machine", "date_last_successful", "url")
RESULT_COLUMNS = ("job", "status", "machine", "started", "duration", "log_url")
SOURCES = {"git": RcsType.GIT, "svn": RcsType.SVN, "cvs": RcsType.CVS, "hg": RcsType.HG, "bzr": RcsType.BZR}
name_argument = click.argument("name")


@click.group("code-import")
def code_import() -> None:
    """Import repositories from elsewhere into git, again and again."""


@code_import.command("add")
@name_argument
@click.option("--git", metavar="URL", help="A git repository.")
@click.option("--svn", metavar="URL", help="A Subversion repository, or a branch in one.")
@click.option("--cvs", nargs=2, metavar="ROOT MODULE", help="A module of a CVS repository.")
@click.option("--hg", metavar="URL", help="A Mercurial repository.")
@click.option("--bzr", metavar="URL", help="A Bazaar branch.")
@click.option(
    "--interval", type=click.FloatRange(min=1), metavar="SECONDS", help="How often; default: the conf file's."
)
@click.option("--review", "status", type=click.Choice(["NEW", "REVIEWED"]), default="NEW", show_default=True)
@pass_farm
def add(farm: Farm, /, name: str, interval: float | None, status: str, **sources: str | tuple[str, str] | None) -> None:
    """Add the import NAME, which waits for a review; as REVIEWED it runs at once."""
    new = new_import(name, interval, sources)
    check_source(new)
    change(farm, "code-import add", name, add_import, new, By(farm.who, farm.now()), _policy(farm), wakes=NOBODY)
    if status == ReviewStatus.REVIEWED.name:
        _review(farm, name, ReviewStatus.REVIEWED)
    waits = "" if status == ReviewStatus.REVIEWED.name else f": `buildmaster code-import approve {name}` makes it run"
    click.echo(f"Added the code import {name}{waits}.")


def new_import(name: str, interval: float | None, sources: Mapping[str, str | tuple[str, str] | None]) -> NewImport:
    """Return what is to be imported; raise a usage error unless exactly one source is given."""
    given = [(SOURCES[kind], source) for kind, source in sources.items() if source]
    if len(given) != 1:
        raise click.UsageError("Give exactly one of --git, --svn, --cvs, --hg and --bzr.")
    rcs_type, source = given[0]
    url, module = (source, "") if isinstance(source, str) else source
    return NewImport(name, rcs_type, url, module, interval)


@code_import.command("list")
@click.option("--review", "status", type=click.Choice(ReviewStatus, case_sensitive=False), help="Only these.")
@json_option
@pass_farm
def list_all(farm: Farm, status: ReviewStatus | None, as_json: bool) -> None:
    """List the imports: where they come from, and when each is run."""
    rows = farm.transactions.read(list_imports, status)
    print_listing(rows if as_json else [flat(row) for row in rows], COLUMNS, as_json=as_json)


def flat(row: Mapping[str, object]) -> Mapping[str, object]:
    """Return an import's row with its job's fields beside its own, for people."""
    job = row["job"]
    return {**job, **row, "job": job["state"]} if isinstance(job, dict) else row


@code_import.command("show")
@name_argument
@json_option
@pass_farm
def show(farm: Farm, name: str, as_json: bool) -> None:
    """Show all of the import NAME, with what happened to it."""
    print_one(_found(farm.transactions.read(show_import, name), name), as_json=as_json)


@code_import.command("results")
@name_argument
@json_option
@pass_farm
def results(farm: Farm, name: str, as_json: bool) -> None:
    """List what the runs of the import NAME came to, newest first, with their logs."""
    rows = farm.transactions.read(list_results, name, farm.config.web.public_url)
    print_listing(_found(rows, name), RESULT_COLUMNS, as_json=as_json)


@code_import.command("approve")
@name_argument
@pass_farm
def approve(farm: Farm, name: str) -> None:
    """Have the import NAME run from now on; one that failed too often gets another chance."""
    _review(farm, name, ReviewStatus.REVIEWED)
    click.echo(f"{name} is approved and will run.")


@code_import.command("suspend")
@name_argument
@pass_farm
def suspend(farm: Farm, name: str) -> None:
    """Run the import NAME no more for now; what runs goes on."""
    _review(farm, name, ReviewStatus.SUSPENDED)
    click.echo(f"{name} is suspended.")


@code_import.command("invalidate")
@name_argument
@pass_farm
def invalidate(farm: Farm, name: str) -> None:
    """Mark the import NAME as one that can't be; what runs goes on."""
    _review(farm, name, ReviewStatus.INVALID)
    click.echo(f"{name} is marked as invalid.")


@code_import.command("request")
@name_argument
@pass_farm
def request_now(farm: Farm, name: str) -> None:
    """Run the import NAME as soon as a machine asks for work."""
    change(farm, "code-import request", name, request, name, By(farm.who, farm.now()), wakes=NOBODY)
    click.echo(f"{name} will run as soon as possible.")


def _review(farm: Farm, name: str, status: ReviewStatus) -> None:
    action, policy = f"code-import {status.name.lower()}", _policy(farm)
    change(farm, action, name, review, name, status, By(farm.who, farm.now()), policy, wakes=NOBODY)


def _policy(farm: Farm) -> ImportPolicy:
    return configured_policy(farm.config.code_imports, farm.config.mail.administrators)


def _found(row: T | None, name: str) -> T:
    if row is None:
        raise ImportRefusedError(f"there is no code import {name}")
    return row
