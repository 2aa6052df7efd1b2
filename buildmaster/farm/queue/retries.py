"""Whether a build may be tried again, ended, or scored by hand; if not, why."""

from buildmaster.farm.vocabulary.archives import Pocket, Purpose, SeriesStatus
from buildmaster.farm.vocabulary.pockets import is_open
from buildmaster.farm.vocabulary.states import RETRIABLE, BuildState

TAKING_IN = frozenset({BuildState.GATHERING, BuildState.UPLOADING})


def retry_refusal(
    state: BuildState,
    purpose: Purpose,
    pocket: Pocket,
    series: tuple[str, SeriesStatus],
    *,
    published: bool,
) -> str | None:
    """Return why a build can't be retried, or None if it can. ``series`` is its name and status.

    ``published`` tells whether its source is published in the build's archive and series, which a superseded one needs.
    """
    name, status = series
    if state not in RETRIABLE:
        return f"its state is {state.title!r}"
    if not is_open(pocket, status, purpose):
        return f"the pocket {pocket.name} is closed, since {name} is {status.name}"
    if state is BuildState.SUPERSEDED and not published:
        return "its source is published no more"
    return None


def cancel_refusal(state: BuildState) -> str | None:
    """Return why a build can't be cancelled, or None if it can (or is being cancelled already)."""
    if state in TAKING_IN:
        return "results are being taken in"
    if state not in {BuildState.NEEDSBUILD, BuildState.BUILDING, BuildState.CANCELLING}:
        return f"its state is {state.title!r}"
    return None
