"""Upload a source package: `upload`."""

import shutil
from pathlib import Path

import click

from buildmaster.cli.arguments import ARCHIVE, SUITE
from buildmaster.cli.changes import PUBLISHING
from buildmaster.cli.farm import Farm, pass_farm
from buildmaster.cli.inline import result_of, task_context
from buildmaster.errors import BuildmasterError
from buildmaster.farm.uploads.sources import URGENCIES, Wish
from buildmaster.farm.vocabulary.filenames import is_safe
from buildmaster.farm.vocabulary.references import ArchiveReference, SuiteReference
from buildmaster.files.packages import upload_of
from buildmaster.files.uploadfolders import open_leaf
from buildmaster.model.uploads.sources import AcceptedSource, Destination, Refused
from buildmaster.work.sourceintake import SourceIntake


class RefusedUploadError(BuildmasterError):
    """The upload is refused; the message has all the reasons."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--archive", "archive", metavar="REF", type=ARCHIVE, required=True, help="Where it is published.")
@click.option("--suite", metavar="SUITE", type=SUITE, required=True, help="The series and pocket, as hoary-security.")
@click.option("--component", default="", help="Instead of what the upload says.")
@click.option("--section", default="", help="Instead of what the upload says.")
@click.option("--urgency", default="", type=click.Choice(["", *URGENCIES]), help="Instead of what the upload says.")
@pass_farm
def upload(farm: Farm, /, file: Path, archive: ArchiveReference, suite: SuiteReference, **wishes: str) -> None:
    """Take in FILE, the .changes or .dsc of a source package, with the files that it lists."""
    to = Destination(archive, suite, farm.who, Wish(**wishes))
    leaf = open_leaf(farm.config.root, farm.now(), file.name)
    try:
        copy_upload(file, leaf)
        accepted = _taken(farm, leaf, to)
    finally:
        shutil.rmtree(leaf, ignore_errors=True)
    farm.nudge(*PUBLISHING)
    click.echo(
        f"Accepted {accepted.name} {accepted.version} in {accepted.archive}, {accepted.suite}"
        f" (publication {accepted.publication_id}).",
    )


def copy_upload(file: Path, folder: Path) -> None:
    """Copy a .changes or .dsc into ``folder``, with the files that belong to it."""
    if file.suffix not in {".changes", ".dsc"} or not is_safe(file.name):
        raise RefusedUploadError(f"{file.name} is neither a .changes nor a .dsc: upload one of these.")
    for name in upload_of(file):
        shutil.copyfile(file.parent / name, folder / name)


def _taken(farm: Farm, leaf: Path, to: Destination) -> AcceptedSource:
    intake = SourceIntake(task_context(farm, farm.nudge))
    verdict = result_of(intake.take_leaf(farm.config.root, leaf, to))
    if isinstance(verdict, Refused):
        raise RefusedUploadError(" ".join(verdict.reasons))
    return verdict
