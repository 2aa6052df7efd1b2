"""The `doctor` command: look at the whole farm, and say what is wrong and what to do."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from urllib.parse import urlsplit

import click
from sqlalchemy.exc import DBAPIError

from buildmaster.cli.farm import Farm, pass_farm
from buildmaster.cli.output import as_text, json_option
from buildmaster.cli.running.checks import (
    check_chroots,
    check_daemon,
    check_disk,
    check_folders,
    check_jobs,
    check_mail,
    check_slaves,
    daemon_health,
    reach,
)
from buildmaster.daemon.config.reading import BUILT_IN_TASKS
from buildmaster.farm.findings import Finding
from buildmaster.farm.queue.missingbuilds import NewBuild
from buildmaster.files.archspecific import ArchSpecificFiles
from buildmaster.files.disk import Disk
from buildmaster.files.dpkgtables import dpkg_tables
from buildmaster.files.librarian import NotKeptError
from buildmaster.model.maintenance.examining import builder_addresses, chroot_files, examine_rows
from buildmaster.model.maintenance.idling import idle_beside_work
from buildmaster.model.maintenance.invariants import broken_invariants
from buildmaster.model.maintenance.unbuilt import look_for_unbuilt, tell_unbuilt
from buildmaster.model.queue.archspecific import series_with_files
from buildmaster.work.schema import SchemaMismatchError, check_fits

PIECE = 500  # publications that are looked at in a transaction


@click.command()
@click.option("--invariants", is_flag=True, help="Look also for rows that contradict each other.")
@json_option
@pass_farm
def doctor(farm: Farm, invariants: bool, as_json: bool) -> None:
    """Check the farm; say what is wrong and what to do."""
    findings = [*outside(farm), *inside(farm, invariants=invariants)]
    wrong = [finding for finding in findings if finding.wrong]
    click.echo(as_text([asdict(finding) for finding in findings]) if as_json else in_lines(findings))
    if wrong:
        raise click.ClickException(f"{len(wrong)} thing(s) to be mended")


def in_lines(findings: Iterable[Finding]) -> str:
    """Return what was found as people read it, what is wrong first."""
    ordered = sorted(findings, key=lambda finding: not finding.wrong)
    lines = [f"WRONG: {it.what}\n       {it.cure}" if it.wrong else f"note:  {it.what}" for it in ordered]
    return "\n".join([*lines, "" if any(it.wrong for it in ordered) else "All is well."]).strip()


def outside(farm: Farm) -> Iterator[Finding]:
    """Look at everything but the database."""
    config = farm.config
    yield from check_folders(config)
    yield from check_disk(Disk(config.root, config.limits.free_space))
    yield from check_mail(config, reach)
    yield from check_daemon(config, daemon_health)
    yield from check_jobs(config, BUILT_IN_TASKS)


def inside(farm: Farm, *, invariants: bool) -> Iterator[Finding]:
    """Look at the database, and at the slaves that it knows of."""
    try:
        check_fits(farm.raw_transactions.engine)
    except SchemaMismatchError as error:
        yield Finding(str(error), error.cure)
        return
    except DBAPIError as error:
        yield Finding(f"the database does not answer: {error.orig}".strip(), "start it, or mend [database] url")
        return
    yield from farm.transactions.read(examine_rows, farm.now())
    yield from check_chroots(farm.transactions.read(chroot_files), lambda sha256: is_kept(farm, sha256))
    yield from check_slaves(list(slave_addresses(farm)), reach)
    if invariants:
        yield from farm.transactions.read(broken_invariants, lambda sha256: is_kept(farm, sha256))
        yield from farm.transactions.read(idle_beside_work, farm.now())
        yield from unbuilt(farm)


def unbuilt(farm: Farm) -> Iterator[Finding]:
    """Find sources that lack a build, a piece of the publications in a transaction each."""
    rules = ArchSpecificFiles(farm.config.root).followed(farm.transactions.read(series_with_files))
    table = dpkg_tables()
    missing: list[NewBuild] = []
    last: int | None = 0
    while last is not None:
        looked = farm.transactions.read(look_for_unbuilt, table, rules, last, PIECE)
        last, missing = looked.last, missing + list(looked.missing)
    yield from farm.transactions.read(tell_unbuilt, missing)


def slave_addresses(farm: Farm) -> Iterator[tuple[str, str, int]]:
    """Yield the name, host and port of each builder that is believed to work."""
    for name, url in farm.transactions.read(builder_addresses):
        parts = urlsplit(url)
        yield name, parts.hostname or "", parts.port or 80


def is_kept(farm: Farm, sha256: str) -> bool:
    """Tell whether the librarian has a content."""
    try:
        farm.librarian.path(sha256)
    except NotKeptError:
        return False
    return True
