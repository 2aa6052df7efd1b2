"""Change the rows that actions are about: for all builders of a turn in one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from buildmaster.farm.builders.actions import (
    Abort,
    Action,
    Adopt,
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
from buildmaster.farm.builders.blame import Verdict
from buildmaster.farm.builders.facts import BuilderFacts
from buildmaster.farm.builders.logmessages import held_text
from buildmaster.farm.builders.pacing import noteworthy
from buildmaster.farm.builders.states import CleanStatus, FailedBy
from buildmaster.model.builders import attempts, blaming, upkeep
from buildmaster.model.builders.logtails import save_tails
from buildmaster.model.notices.builds import Notices

Decisions = Sequence[tuple[BuilderFacts, tuple[Action, ...]]]
Verdicts = dict[int, Verdict]  # by the ids of builders


@dataclass(frozen=True)
class Moment:
    """A transaction, the time of what is done in it, and who is told of that."""

    session: Session
    now: datetime
    notices: Notices


Deed = Callable[[Moment, BuilderFacts, Any], Verdict | None]  # Any: the action that the deed is for


def apply(session: Session, now: datetime, decisions: Decisions, notices: Notices) -> Verdicts:
    """Change the rows; what is the same for all builders in one statement, the rest builder by builder.

    Return who was found guilty of failures, by the builders that they happened on.
    """
    moment = Moment(session, now, notices)
    heard = [builder.id for builder, actions in decisions if _has(Heard, actions) and noteworthy(builder, now)]
    upkeep.heard(session, now, heard)
    save_tails(session, now, _tails(decisions))
    found = {builder.id: _act(moment, builder, actions) for builder, actions in decisions}
    return {builder_id: verdict for builder_id, verdict in found.items() if verdict is not None}


def changes_rows(now: datetime, builder: BuilderFacts, actions: Sequence[Action]) -> bool:
    """Tell whether there is anything to apply in the actions."""
    return any(_changes_rows(now, builder, action) for action in actions)


def _changes_rows(now: datetime, builder: BuilderFacts, action: Action) -> bool:
    if isinstance(action, Heard):
        return noteworthy(builder, now) or _introduction(builder, action) is not None
    return isinstance(action, SaveLogTail) or type(action) in DEEDS


def _act(moment: Moment, builder: BuilderFacts, actions: Sequence[Action]) -> Verdict | None:
    verdicts = [DEEDS[type(action)](moment, builder, action) for action in actions if type(action) in DEEDS]
    return next((verdict for verdict in verdicts if verdict is not None), None)


def _has(kind: type, actions: Sequence[Action]) -> bool:
    return any(isinstance(action, kind) for action in actions)


def _tails(decisions: Decisions) -> dict[int, str]:
    return {
        builder.job.attempt_id: action.tail
        for builder, actions in decisions
        for action in actions
        if isinstance(action, SaveLogTail) and builder.job is not None
    }


def _introduced(moment: Moment, builder: BuilderFacts, action: Heard) -> None:
    news = _introduction(builder, action)
    if news is not None:
        upkeep.introduced(moment.session, builder.id, *news)


def _introduction(builder: BuilderFacts, action: Heard) -> tuple[str | None, tuple[str, ...]] | None:
    """Return the version and the kinds that a slave says it has, where they are new."""
    said = action.version or builder.version, action.kinds or builder.kinds
    return None if said == (builder.version, builder.kinds) else said


def _silent(moment: Moment, builder: BuilderFacts, action: CountSilence) -> None:
    upkeep.silent(moment.session, moment.now, builder.id, action.reason)


def _adopt(moment: Moment, builder: BuilderFacts, _: Adopt) -> None:
    if builder.job is not None:
        attempts.accepted(moment.session, moment.now, builder.job.attempt_id)


def _conclude(moment: Moment, builder: BuilderFacts, action: Conclude) -> None:
    """End the build at once, unless its log is to be fetched before: then that is an errand's."""
    if action.package_spoke:
        upkeep.clear_count(moment.session, builder.id)
    if builder.job is None or action.fetch_log:
        return
    attempt_id = builder.job.attempt_id
    if attempts.conclude(moment.session, moment.now, attempt_id, action.state, failure=action.failure):
        moment.notices.ended(moment.session, moment.now, builder.job.build_id)


def _requeue(moment: Moment, builder: BuilderFacts, action: Requeue) -> Verdict | None:
    if builder.job is None or action.fetch_log:
        return None
    setback = attempts.Setback(action.reason, action.blamed, action.zero_score)
    attempt_id = builder.job.attempt_id
    return blaming.requeue(moment.session, moment.now, builder, attempt_id, setback, moment.notices)


def _hold(moment: Moment, builder: BuilderFacts, action: Hold) -> None:
    """Hold a build, and give its builder no other; tell of it once."""
    if builder.job is not None and attempts.hold(moment.session, builder.job.attempt_id, action.reason):
        upkeep.set_manual(moment.session, builder.id)
        about = f"a build on {builder.name} is held"
        moment.notices.warn(moment.session, moment.now, about, held_text(builder, action))


def _fail(moment: Moment, builder: BuilderFacts, action: FailBuilder) -> None:
    if action.by is FailedBy.LIMIT:
        blaming.retire(moment.session, moment.now, builder, action.reason, moment.notices)
    else:
        upkeep.fail(moment.session, moment.now, builder.id, action.by, action.reason)


def _postpone(moment: Moment, builder: BuilderFacts, action: PostponeProbe) -> None:
    blaming.still_failing(moment.session, moment.now, builder, action.delay, action.reason, moment.notices)


def _restore(moment: Moment, builder: BuilderFacts, _: Restore) -> None:
    upkeep.restore(moment.session, builder.id)


def _mark_dirty(moment: Moment, builder: BuilderFacts, _: MarkDirty) -> None:
    upkeep.mark(moment.session, moment.now, builder.id, CleanStatus.DIRTY)


def _mark_clean(moment: Moment, builder: BuilderFacts, _: MarkClean) -> None:
    upkeep.cleaned(moment.session, moment.now, builder.id, builder.url)


def _begin_cleaning(moment: Moment, builder: BuilderFacts, _: Abort | Clean | Reset) -> None:
    """Note since when a builder without a job is being cleaned; or since when its build is being ended."""
    if builder.job is None:
        upkeep.mark(moment.session, moment.now, builder.id, CleanStatus.CLEANING)
    else:
        attempts.note_abort(moment.session, moment.now, builder.job.attempt_id)


DEEDS: dict[type, Deed] = {
    Heard: _introduced,
    CountSilence: _silent,
    Adopt: _adopt,
    Conclude: _conclude,
    Requeue: _requeue,
    Hold: _hold,
    FailBuilder: _fail,
    PostponeProbe: _postpone,
    Restore: _restore,
    MarkDirty: _mark_dirty,
    MarkClean: _mark_clean,
    Abort: _begin_cleaning,
    Clean: _begin_cleaning,
    Reset: _begin_cleaning,
}
