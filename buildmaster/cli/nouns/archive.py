"""Archives: `archive`."""

import secrets
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from buildmaster.cli.arguments import ARCHIVE, DEPENDENCY, SUITE
from buildmaster.cli.changes import BUILDING, MIRRORING, change
from buildmaster.cli.farm import Farm, pass_farm
from buildmaster.cli.nouns.campaign import compare_archives, copy_sources
from buildmaster.cli.output import fields, json_option, print_listing, print_one
from buildmaster.farm.text.redacting import without_credentials
from buildmaster.farm.vocabulary.references import ArchiveReference, SuiteReference
from buildmaster.model.listings.archives import archives, show_archive
from buildmaster.model.register.archives import ArchiveChange, add_archive, enable_archive, set_archive
from buildmaster.model.register.campaigns import Campaign, check_campaign

COLUMNS = ("reference", "purpose", "private", "trusted", "enabled", "score", "depends", "url")
SECONDS = click.FloatRange(min=0)
OPTIONS = (
    click.option("--private/--public", default=None, help="Hide it from all but its readers (default: public)."),
    click.option(
        "--trusted/--untrusted",
        default=None,
        help="Which builders build it (default: untrusted ones for ~OWNER/DIST/NAME, trusted ones for others).",
    ),
    click.option(
        "--depends",
        multiple=True,
        type=DEPENDENCY,
        metavar="REF",
        help="An archive whose packages its builds may use, once for each; replaces all. '' is none.",
    ),
    click.option("--score", type=int, help="Added to the score of each of its builds."),
    click.option("--url", metavar="URL", help="It is an apt mirror outside, there; '' is none."),
    click.option("--components", metavar="C,...", help="The mirror's components, separated by commas."),
    click.option(
        "--key",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="The file with the mirror's OpenPGP key, armored.",
    ),
)
LIMITS = (
    click.option(
        "--build-limit", type=SECONDS, metavar="SECONDS", help="How long a build may take; 0: as in the conf file."
    ),
    click.option(
        "--silence-limit", type=SECONDS, metavar="SECONDS", help="How long its log may stay as it is; 0: as there."
    ),
    click.option("--empty-log-limit", type=SECONDS, metavar="SECONDS", help="How long it may stay empty; 0: as there."),
)
reference_argument = click.argument("reference", metavar="REF", type=ARCHIVE)


@click.group()
def archive() -> None:
    """Add, change and show archives.

    Their references are `ubuntu` for the primary one of ubuntu, `ubuntu/partner`, and `~cprov/ubuntu/ppa` for cprov's
    own for ubuntu.
    """


archive.add_command(compare_archives)


def settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of an archive, read into an ArchiveChange."""
    for option in reversed((*OPTIONS, *LIMITS)):
        command = option(command)
    return reference_argument(command)


@archive.command("add")
@settings
@click.option("--copy-of", metavar="REF", type=ARCHIVE, help="Build the sources of this archive again, in REF.")
@click.option("--suite", metavar="SUITE", type=SUITE, help="Which of its sources: those of this suite.")
@pass_farm
def add(
    farm: Farm,
    /,
    reference: ArchiveReference,
    copy_of: ArchiveReference | None,
    suite: SuiteReference | None,
    **options: Any,  # Any: as OPTIONS read them
) -> None:
    """Add the archive REF: `ubuntu`, `~cprov/ubuntu/ppa`, or `ubuntu/test-rebuild` with --copy-of.

    A private one (--private) shows itself to its readers only: see `account add --role reader:REF`.
    """
    if (copy_of is None) != (suite is None):
        raise click.UsageError("--copy-of and --suite go together")
    if copy_of is not None:
        farm.transactions.read(check_campaign, copy_of, suite)
    wanted = _change(options)
    args = (reference, wanted, farm.now(), secrets.token_urlsafe(24))
    change(farm, "archive add", reference, add_archive, *args, **_details(wanted), wakes=MIRRORING)
    if copy_of is not None and suite is not None:
        copy_sources(farm, Campaign(copy_of, reference, suite), depend=wanted.depends is None)
    click.echo(f"Added the archive {reference}.")


@archive.command("set")
@settings
@pass_farm
def set_(farm: Farm, /, reference: ArchiveReference, **options: Any) -> None:  # Any: as OPTIONS read them
    """Change the archive REF: what is given here, and no more."""
    wanted = _change(options)
    args = (reference, wanted, farm.now(), secrets.token_urlsafe(24))
    change(farm, "archive set", reference, set_archive, *args, **_details(wanted), wakes=(*BUILDING, *MIRRORING))
    click.echo(f"Changed the archive {reference}.")


@archive.command("list")
@json_option
@pass_farm
def list_all(farm: Farm, as_json: bool) -> None:
    """List the archives."""
    print_listing(farm.transactions.read(archives), COLUMNS, as_json=as_json)


@archive.command("show")
@reference_argument
@json_option
@pass_farm
def show(farm: Farm, reference: ArchiveReference, as_json: bool) -> None:
    """Show the archive REF: settings, sources, builds by state."""
    listing, counts = farm.transactions.read(show_archive, reference)
    print_one(fields(listing) | fields(counts), as_json=as_json)


@archive.command("disable")
@reference_argument
@pass_farm
def disable(farm: Farm, reference: ArchiveReference) -> None:
    """Dispatch no more builds of the archive REF; what runs goes on."""
    change(farm, "archive disable", reference, enable_archive, reference, False, wakes=BUILDING)
    click.echo(f"Disabled the archive {reference}.")


@archive.command("enable")
@reference_argument
@pass_farm
def enable(farm: Farm, reference: ArchiveReference) -> None:
    """Dispatch builds of the archive REF again."""
    change(farm, "archive enable", reference, enable_archive, reference, True, wakes=BUILDING)
    click.echo(f"Enabled the archive {reference}.")


def _change(options: dict[str, Any]) -> ArchiveChange:
    key: Path | None = options.pop("key")
    depends: tuple[ArchiveReference | None, ...] = options.pop("depends")
    named = tuple(reference for reference in depends if reference is not None) if depends else None
    return ArchiveChange(key=key.read_text() if key else None, depends=named, **options)


def _details(wanted: ArchiveChange) -> dict[str, object]:
    depends = None if wanted.depends is None else [str(reference) for reference in wanted.depends]
    url = None if wanted.url is None else without_credentials(wanted.url)
    return asdict(wanted) | {"depends": depends, "url": url, "key": "given" if wanted.key else None}
