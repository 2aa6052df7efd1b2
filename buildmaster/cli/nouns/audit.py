"""Who did what: `audit`."""

import click

from buildmaster.cli.farm import Farm, pass_farm
from buildmaster.cli.output import json_option, limit_option, page_size, print_listing
from buildmaster.model.listings.trail import AuditListing, trail

COLUMNS = {
    "date": lambda row: row.date,
    "who": lambda row: row.who,
    "action": lambda row: row.action,
    "subject": lambda row: row.subject,
    "details": lambda row: " ".join(f"{name}={value}" for name, value in row.details.items()),
}


@click.command()
@click.option("--subject", help="Only what was done to this builder, archive, build, ...")
@limit_option
@json_option
@pass_farm
def audit(farm: Farm, subject: str | None, limit: int | None, as_json: bool) -> None:
    """List who did what to the farm, newest first."""
    found: list[AuditListing] = farm.transactions.read(trail, subject, page_size(limit, as_json))
    print_listing(found, COLUMNS, as_json=as_json)
