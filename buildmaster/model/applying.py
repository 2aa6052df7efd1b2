"""Change the rows that actions are about: for all builders of a turn in one transaction."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from buildmaster.farm.actions import (
    Abort,
    Action,
    Clean,
    Conclude,
    CountSilence,
    FailBuilder,
    Heard,
    Hold,
    MarkClean,
    MarkDirty,
    PostponeProbe,
    Requeue,
    Reset,
    Restore,
    SaveLogTail,
)
from buildmaster.farm.announcing import held_text
from buildmaster.farm.facts import BuilderFacts
from buildmaster.farm.logs import shown_tail
from buildmaster.farm.states import CleanStatus
from buildmaster.model import attempts, upkeep
from buildmaster.model.notifying import warn

Decisions = Sequence[tuple[BuilderFacts, tuple[Action, ...]]]
Deed = Callable[[Session, datetime, BuilderFacts, Any], None]  # Any: the action that the deed is for


def apply(session: Session, now: datetime, decisions: Decisions, administrators: Sequence[str] = ()) -> None:
    """Change the rows; what is the same for all builders in one statement, the rest builder by builder.

    ``administrators`` are told of builds that are held.
    """
    upkeep.heard(session, now, [builder.id for builder, actions in decisions if _has(Heard, actions)])
    attempts.save_tails(session, now, _tails(decisions))
    for builder, actions in decisions:
        for action in actions:
            deed = DEEDS.get(type(action))
            if deed is not None:
                deed(session, now, builder, action)
            if isinstance(action, Hold) and _hold(session, builder, action):
                warn(session, now, administrators, f"a build on {builder.name} is held", held_text(builder, action))


def _has(kind: type, actions: Sequence[Action]) -> bool:
    return any(isinstance(action, kind) for action in actions)


def _tails(decisions: Decisions) -> dict[int, str]:
    return {
        builder.job.attempt_id: shown_tail(action.tail, private=builder.job.private)
        for builder, actions in decisions
        for action in actions
        if isinstance(action, SaveLogTail) and builder.job is not None
    }


def _introduced(session: Session, now: datetime, builder: BuilderFacts, action: Heard) -> None:
    version, kinds = action.version or builder.version, action.kinds or builder.kinds
    if (version, kinds) != (builder.version, builder.kinds):
        upkeep.introduced(session, builder.id, version, kinds)


def _silent(session: Session, now: datetime, builder: BuilderFacts, action: CountSilence) -> None:
    upkeep.silent(session, now, builder.id, action.reason)


def _conclude(session: Session, now: datetime, builder: BuilderFacts, action: Conclude) -> None:
    if builder.job is not None and action.package_spoke:
        upkeep.clear_count(session, builder.id)
    if builder.job is not None and not action.fetch_log:
        attempts.conclude(session, now, builder.job.attempt_id, action.state, failure=action.failure)


def _requeue(session: Session, now: datetime, builder: BuilderFacts, action: Requeue) -> None:
    if builder.job is not None and not action.fetch_log:
        attempts.requeue(session, now, builder.job.attempt_id, action.reason, blamed=action.blamed)


def _hold(session: Session, builder: BuilderFacts, action: Hold) -> bool:
    """Hold a build, and give its builder no other; tell whether that is news."""
    news = builder.job is not None and attempts.hold(session, builder.job.attempt_id, action.reason)
    if news:
        upkeep.set_manual(session, builder.id)
    return news


def _fail(session: Session, now: datetime, builder: BuilderFacts, action: FailBuilder) -> None:
    upkeep.fail(session, now, builder.id, action.by, action.reason)


def _postpone(session: Session, now: datetime, builder: BuilderFacts, action: PostponeProbe) -> None:
    upkeep.postpone_probe(session, now, builder.id, action.delay, action.reason)


def _restore(session: Session, now: datetime, builder: BuilderFacts, action: Restore) -> None:
    upkeep.restore(session, builder.id)


def _mark(status: CleanStatus) -> Deed:
    return lambda session, now, builder, action: upkeep.mark(session, now, builder.id, status)


def _begin_cleaning(session: Session, now: datetime, builder: BuilderFacts, action: Abort | Clean | Reset) -> None:
    """Note since when a builder without a job is being cleaned; one whose build is cancelled still has its job."""
    if builder.job is None:
        upkeep.mark(session, now, builder.id, CleanStatus.CLEANING)


DEEDS: dict[type, Deed] = {
    Heard: _introduced,
    CountSilence: _silent,
    Conclude: _conclude,
    Requeue: _requeue,
    FailBuilder: _fail,
    PostponeProbe: _postpone,
    Restore: _restore,
    MarkDirty: _mark(CleanStatus.DIRTY),
    MarkClean: _mark(CleanStatus.CLEAN),
    Abort: _begin_cleaning,
    Clean: _begin_cleaning,
    Reset: _begin_cleaning,
}
