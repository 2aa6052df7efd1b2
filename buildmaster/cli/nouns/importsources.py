"""Take in the sources that an apt index lists: `import-sources`."""

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import IO

import click

from buildmaster.cli.arguments import ARCHIVE, SUITE
from buildmaster.cli.changes import NOBODY, PUBLISHING, change
from buildmaster.cli.farm import Farm, pass_farm
from buildmaster.cli.inline import result_of, task_context
from buildmaster.cli.output import table
from buildmaster.farm.indices.sources import BadStanza, IndexedSource, read_sources
from buildmaster.farm.vocabulary.references import ArchiveReference, SuiteReference
from buildmaster.files.archspecific import ArchSpecificFiles
from buildmaster.files.download import fetch, text_lines
from buildmaster.files.dpkgtables import dpkg_tables
from buildmaster.model.mirrors.sourceindices import (
    Imported,
    ImportPlace,
    builds_per_architecture,
    import_place,
    publish_indexed,
    unexamined,
)
from buildmaster.tasks.queuebuilder.turn import QueueBuilder

BATCH = 100  # sources in one transaction
LARGEST_INDEX = 1 << 30  # bytes
BASE = re.compile(r"(?P<base>.*/)dists/")


@click.command("import-sources")
@click.argument("index", metavar="FILE-OR-URL")
@click.option("--archive", metavar="REF", type=ARCHIVE, required=True, help="Where they are published.")
@click.option("--suite", metavar="SUITE", type=SUITE, required=True, help="The series and pocket, as hoary-security.")
@click.option("--component", help="Instead of what the index says.")
@click.option("--only", metavar="NAME", multiple=True, help="Nothing but this source; may be repeated.")
@click.option("--base-url", metavar="URL", help="Where the archive is, if FILE-OR-URL doesn't say: before dists/.")
@pass_farm
def import_sources(
    farm: Farm,
    index: str,
    archive: ArchiveReference,
    suite: SuiteReference,
    component: str | None,
    only: tuple[str, ...],
    base_url: str | None,
) -> None:
    """Publish the sources of an apt index (`Sources`, plain, .gz or .xz), and make the builds that they want.

    Their files are fetched when somebody is about to build them. A source that is there already, or that is older
    than the one that is there, is left alone.
    """
    place = replace(farm.transactions.read(import_place, archive, suite), base_url=base_url_of(index, base_url))
    subject = f"{archive} {suite}"
    asked = {"index": index, "component": component, "only": only or None}
    change(farm, "import sources", subject, lambda _: None, **asked, wakes=NOBODY)
    with index_file(index) as file:
        imported = take_in(farm, place, file, component, only)
    farm.nudge(*PUBLISHING)
    make_builds(farm)
    click.echo(f"{imported.new} sources are new in {subject}, {imported.known} were there already.")
    counts = farm.transactions.read(builds_per_architecture, place.archive_id, place.series_id)
    rows = [{"architecture": tag, "builds": count} for tag, count in counts.items()]
    click.echo("\n".join(table(rows, ("architecture", "builds"))))


def base_url_of(index: str, base_url: str | None) -> str:
    """Return where the archive of an index is, with a slash at the end; nothing where that can't be known."""
    if base_url is not None:
        return base_url.rstrip("/") + "/"
    place = index if "://" in index else Path(index).resolve().as_uri()
    found = BASE.match(place)
    return found["base"] if found else ""


@contextmanager
def index_file(index: str) -> Iterator[IO[bytes]]:
    """Open the index, which is fetched first if it is an address."""
    if "://" not in index:
        with Path(index).open("rb") as file:
            yield file
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "Sources"
        fetch(index, path, LARGEST_INDEX)
        with path.open("rb") as file:
            yield file


def take_in(
    farm: Farm,
    place: ImportPlace,
    file: IO[bytes],
    component: str | None,
    only: tuple[str, ...],
) -> Imported:
    """Publish the sources of an open index, in small transactions; tell what is no source."""
    total = Imported()
    with progress(file, "Sources") as done, text_lines(file) as lines:
        found = read_sources(lines, component, only)
        while batch := list(islice(found, BATCH)):
            sources = [each for each in batch if isinstance(each, IndexedSource)]
            total += farm.transactions.write(publish_indexed, place, sources, farm.now())
            tell_bad(each for each in batch if isinstance(each, BadStanza))
            done(file.tell())
    return total


@contextmanager
def progress(file: IO[bytes], label: str) -> Iterator[Callable[[int], None]]:
    """Show how much of a file is read; give the function that is to be told."""
    size = file.seek(0, 2)
    file.seek(0)
    with click.progressbar(length=size, label=label) as bar:
        yield lambda place: bar.update(place - bar.pos)


def tell_bad(stanzas: Iterator[BadStanza]) -> None:
    """Say of each stanza why it is no source."""
    for bad in stanzas:
        click.echo(f"{bad.name} is left out: {bad.reason}", err=True)


def make_builds(farm: Farm) -> None:
    """Have the queue builder look at all that it has not looked at, here and now."""
    nudged: list[str] = []
    task = queue_builder(farm, nudged.append)
    left = farm.transactions.read(unexamined)
    with click.progressbar(length=left, label="Builds ") as bar:
        while True:
            nudged.clear()
            result_of(task.run())
            bar.update(left - farm.transactions.read(unexamined) - bar.pos)
            if task.name not in nudged:
                break
    farm.nudge(*nudged)


def queue_builder(farm: Farm, nudge: Callable[[str], None]) -> QueueBuilder:
    """Return a queue builder of our own, that leaves builds in dependency wait to the daemon's."""

    async def release() -> int:
        return 0

    files = ArchSpecificFiles(farm.config.root)
    return QueueBuilder(task_context(farm, nudge), farm.config.scores.weights, dpkg_tables(), files, release)
