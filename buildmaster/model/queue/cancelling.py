"""End builds that somebody wants no more, and score those that somebody wants sooner."""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from buildmaster.errors import BuildmasterError
from buildmaster.farm.queue.retries import cancel_refusal
from buildmaster.farm.vocabulary.states import BuildState, check_transition
from buildmaster.model.tables.builds import Attempt, Build, BuildQueue, no_build


def cancel(session: Session, now: datetime, build_id: int) -> BuildState:
    """End a build, at once if it waits; return CANCELLED, or CANCELLING while its slave is still to be stopped.

    BuildmasterError is raised where there is nothing to cancel, or it is too late.
    """
    state = _state(session, build_id)
    refusal = cancel_refusal(state)
    if refusal is not None:
        raise BuildmasterError(f"build {build_id} can't be cancelled: {refusal}")
    if state is BuildState.NEEDSBUILD:
        session.execute(delete(BuildQueue).where(BuildQueue.build_id == build_id))
        return _move(session, build_id, state, BuildState.CANCELLED, datebuilt=now)
    if state is BuildState.BUILDING:
        live = update(Attempt).where(Attempt.build_id == build_id, Attempt.finished.is_(None))
        session.execute(live.values(state=BuildState.CANCELLING))
        return _move(session, build_id, state, BuildState.CANCELLING)
    return state


def rescore(session: Session, build_id: int, points: int) -> None:
    """Give a waiting build the score that somebody wants, for good; raise BuildmasterError if it doesn't wait."""
    state = _state(session, build_id)
    if state is not BuildState.NEEDSBUILD:
        raise BuildmasterError(f"build {build_id} can't be rescored: its state is {state.title!r}")
    entry = update(BuildQueue).where(BuildQueue.build_id == build_id)
    session.execute(entry.values(lastscore=points, manual=True))


def _state(session: Session, build_id: int) -> BuildState:
    state = session.scalar(select(Build.buildstate).where(Build.id == build_id).with_for_update())
    if state is None:
        raise no_build(build_id)
    return state


def _move(session: Session, build_id: int, old: BuildState, new: BuildState, **values: object) -> BuildState:
    check_transition(old, new)
    session.execute(update(Build).where(Build.id == build_id).values(buildstate=new, **values))
    return new
