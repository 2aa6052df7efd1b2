"""Orders about builds: `build retry`, `build rescore`, `build cancel`."""

from collections.abc import Iterator
from datetime import datetime

import click
from sqlalchemy.orm import Session

from buildmaster.cli.arguments import STATE, SUITE
from buildmaster.cli.changes import BUILDING, DISPATCHING, SCANNING, change
from buildmaster.cli.farm import Farm, pass_farm
from buildmaster.farm.vocabulary.references import SuiteReference
from buildmaster.farm.vocabulary.states import RETRIABLE, BuildState
from buildmaster.model.queue.cancelling import cancel, rescore
from buildmaster.model.queue.retries import NotRetriableError, Retriable, retriable, retry

PIECE = 100  # builds that one transaction retries
ENDED = {
    BuildState.CANCELLED: "Build {} is cancelled.",
    BuildState.CANCELLING: "Build {} is being cancelled: its slave is told to stop.",
}
STATES = ", ".join(state.name for state in BuildState if state in RETRIABLE)
id_argument = click.argument("build_id", metavar="ID", type=int)


@click.command("retry")
@click.argument("build_id", metavar="[ID]", type=int, required=False)
@click.option("--all", "every", is_flag=True, help="All in --state; each that can't be is named, and left.")
@click.option("--state", type=STATE, metavar="STATE", help=f"With --all: those in this state: {STATES}.")
@click.option("--suite", type=SUITE, help="With --all: only those of this suite, such as hoary-security.")
@click.option("--arch", "tag", metavar="TAG", help="With --all: only those on this architecture.")
@click.option("--dry-run", is_flag=True, help="With --all: change nothing, just print what would be done.")
@pass_farm
def retry_builds(
    farm: Farm,
    build_id: int | None,
    every: bool,
    state: BuildState | None,
    suite: SuiteReference | None,
    tag: str | None,
    dry_run: bool,
) -> None:
    """Try the build ID again, or (--all --state) many.

    Earlier attempts keep their logs.
    """
    if every == (build_id is not None):
        raise click.UsageError("Give either an ID, or --all with --state.")
    if build_id is not None:
        _retry_one(farm, build_id)
    elif state not in RETRIABLE:
        raise click.UsageError(f"Give --state: one of {STATES}.")
    else:
        _retry_many(farm, _wanted(farm, state, suite, tag), dry_run)


@click.command("rescore")
@id_argument
@click.argument("score", type=int)
@pass_farm
def rescore_build(farm: Farm, build_id: int, score: int) -> None:
    """Give the waiting build ID this SCORE, for good.

    The higher it is, the sooner it is built.
    """
    change(farm, "build rescore", build_id, rescore, build_id, score, score=score, wakes=DISPATCHING)
    click.echo(f"Build {build_id} is scored {score}.")


@click.command("cancel")
@id_argument
@pass_farm
def cancel_build(farm: Farm, build_id: int) -> None:
    """End the build ID, or take it from the queue.

    One that runs ends as soon as its slave has stopped.
    """
    state = change(farm, "build cancel", build_id, cancel, farm.now(), build_id, wakes=SCANNING)
    click.echo(ENDED[state].format(build_id))


def _retry_one(farm: Farm, build_id: int) -> None:
    change(farm, "build retry", build_id, retry, farm.now(), build_id, wakes=BUILDING)
    click.echo(f"Build {build_id} is queued again.")


def _wanted(farm: Farm, state: BuildState, suite: SuiteReference | None, tag: str | None) -> list[Retriable]:
    place = (suite.series, suite.pocket) if suite else None
    return farm.transactions.read(retriable, state, place, tag)


def _retry_many(farm: Farm, wanted: list[Retriable], dry_run: bool) -> None:
    """Retry in pieces, so that the daemon gets its turns; name each build, and why one can't be."""
    count = 0
    for piece in (wanted[start : start + PIECE] for start in range(0, len(wanted), PIECE)):
        good = [build for build in piece if build.refusal is None]
        refused = {build.id: build.refusal for build in piece if build.refusal is not None}
        if not dry_run and good:
            ids = [build.id for build in good]
            refused |= change(farm, "build retry", "many", _retry_piece, farm.now(), ids, builds=ids, wakes=BUILDING)
        click.echo("\n".join(_told(piece, refused)))
        count += len(piece) - len(refused)
    click.echo(f"{'Would retry' if dry_run else 'Retried'} {count} of {len(wanted)} builds.")


def _retry_piece(session: Session, now: datetime, ids: list[int]) -> dict[int, str]:
    """Retry these builds; return why some could not be, after all."""
    refused = {}
    for build_id in ids:
        try:
            retry(session, now, build_id)
        except NotRetriableError as error:
            refused[build_id] = str(error)
    return refused


def _told(piece: list[Retriable], refused: dict[int, str]) -> Iterator[str]:
    for build in piece:
        if build.id in refused:
            yield f"Can't retry {build.title} ({build.id}): {refused[build.id]}"
        else:
            yield f"Retrying {build.title} ({build.id})"
