"""Who may do what over HTTP, and gets mail: `account`."""

import secrets
from hashlib import sha256
from pathlib import Path

import click

from buildmaster.cli.arguments import GRANT
from buildmaster.cli.changes import NOBODY, change
from buildmaster.cli.farm import Farm, pass_farm
from buildmaster.cli.output import json_option, print_listing
from buildmaster.model.register.accounts import Grant, accounts, add_account, add_token, remove_account

KEY = click.Path(exists=True, dir_okay=False, path_type=Path)
ROLES = "reader, uploader (both: or ROLE:ARCHIVE), import-operator, buildd-admin or admin; once for each."
email_argument = click.argument("email")


@click.group()
def account() -> None:
    """Say who may do what over HTTP, and gets mail."""


@account.command("add")
@email_argument
@click.option("--role", "grants", multiple=True, type=GRANT, metavar="ROLE", help=ROLES)
@click.option("--key", type=KEY, help="The file with the OpenPGP key, armored, that signs uploads.")
@pass_farm
def add(farm: Farm, email: str, grants: tuple[Grant, ...], key: Path | None) -> None:
    """Add the account of EMAIL, or give more roles to it."""
    armored = key.read_text() if key else None
    roles = [f"{grant.role}:{grant.archive}" if grant.archive else str(grant.role) for grant in grants]
    change(farm, "account add", email, add_account, email, grants, armored, farm.now(), roles=roles, wakes=NOBODY)
    click.echo(f"Added the account {email}: `buildmaster account token {email}` makes a token for it.")


@account.command("token")
@email_argument
@click.option("--expires", type=click.IntRange(min=1), metavar="DAYS", help="How long it is good (default: for ever).")
@pass_farm
def token(farm: Farm, email: str, expires: int | None) -> None:
    """Make a token for the account of EMAIL, and print it.

    It is kept nowhere, so it can't be shown again. It is sent as the password of HTTP basic, or as a bearer token.
    """
    secret = secrets.token_urlsafe(32)
    digest = sha256(secret.encode()).hexdigest()
    change(farm, "account token", email, add_token, email, digest, expires, farm.now(), expires=expires, wakes=NOBODY)
    click.echo(secret)


@account.command("list")
@json_option
@pass_farm
def list_all(farm: Farm, as_json: bool) -> None:
    """List the accounts, with the number of tokens that are good."""
    columns = ("email", "roles", "tokens", "has_key", "created")
    print_listing(farm.transactions.read(accounts, farm.now()), columns, as_json=as_json)


@account.command("remove")
@email_argument
@pass_farm
def remove(farm: Farm, email: str) -> None:
    """Take roles, tokens and mail from the account of EMAIL."""
    change(farm, "account remove", email, remove_account, email, farm.now(), wakes=NOBODY)
    click.echo(f"Removed the account {email}.")
