"""What Packages-arch-specific files say: `pas`."""

from pathlib import Path

import click

from buildmaster.cli.farm import Farm, pass_farm
from buildmaster.cli.output import json_option, print_listing
from buildmaster.errors import BuildmasterError
from buildmaster.farm.queue.archspecific import ArchSpecific, permitted, read_arch_specific
from buildmaster.files.archspecific import ArchSpecificFiles
from buildmaster.files.dpkgtables import dpkg_tables
from buildmaster.model.queue.archspecific import SeriesOfSource, series_of_source


@click.group()
def pas() -> None:
    """Show and check Packages-arch-specific files."""


@pas.command()
@click.argument("source")
@json_option
@pass_farm
def show(farm: Farm, source: str, as_json: bool) -> None:
    """Tell for each series where SOURCE may be built, and which line of its file says so."""
    files = ArchSpecificFiles(farm.config.root)
    rows = [
        _row(series, files.of(series.distribution, series.name).content, source)
        for series in farm.transactions.read(series_of_source, source)
    ]
    print_listing(rows, ("series", "line", "architectures"), as_json=as_json)


def _row(series: SeriesOfSource, content: ArchSpecific, source: str) -> dict[str, object]:
    line = content.line_for(source, series.binaries)
    tags = permitted(line, series.tags, series.nominated, dpkg_tables())
    return {
        "series": f"{series.distribution}/{series.name}",
        "line": None if line is None else line.number,
        "architectures": sorted(tags),
    }


@pas.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(file: Path) -> None:
    """Tell which lines of FILE say nothing; they would be skipped."""
    content = read_arch_specific(file.read_text(errors="replace"))
    for fault in content.faults:
        click.echo(f"{file}:{fault}", err=True)
    if content.faults:
        raise BuildmasterError(f"{len(content.faults)} lines of {file} say nothing")
    click.echo(f"{len(content.sources)} sources and {len(content.binaries)} binary packages are named.")
