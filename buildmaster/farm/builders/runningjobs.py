"""What to do about a builder that holds a job, given its slave's word.

One table a state of the job: it is being built, it is being cancelled, its results are being fetched.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from buildmaster.farm.builders.actions import (
    Abort,
    Action,
    Adopt,
    Collect,
    Conclude,
    FailBuilder,
    Hold,
    Requeue,
    SaveLogTail,
)
from buildmaster.farm.builders.facts import BuilderFacts, JobFacts, Limits, longer
from buildmaster.farm.builders.logtext import shown_tail
from buildmaster.farm.builders.replies import SlaveStatus
from buildmaster.farm.builders.states import BuilderStatus, FailedBy, SlaveVerdict
from buildmaster.farm.vocabulary import pockets
from buildmaster.farm.vocabulary.states import BuildState

TERMINATING = "Waiting for slave process to be terminated"
OUT_OF_ORDER = "Builder returned BUILDERFAIL when asked for its status"
ACTIVE = frozenset({BuilderStatus.BUILDING, BuilderStatus.ABORTING})
OVER = frozenset({BuilderStatus.WAITING, BuilderStatus.ABORTED})
Actions = tuple[Action, ...]


@dataclass(frozen=True)
class Case:
    """A builder that holds a job, its slave's word, and what bounds their patience."""

    builder: BuilderFacts
    job: JobFacts
    word: SlaveStatus
    mismatch: str | None
    now: datetime
    limits: Limits

    @property
    def ours(self) -> bool:
        """Tell whether the slave speaks of the job that we believe it to have."""
        return self.word.cookie == self.job.cookie

    @property
    def tail(self) -> str | None:
        """The end of the log, as people may see it; None where the slave did not say."""
        tail = self.word.logtail
        return None if tail is None else shown_tail(tail, private=self.job.private)

    def longer(self, since: datetime | None, limit: float) -> bool:
        """Tell whether ``limit`` seconds have passed ``since`` then."""
        return longer(since, self.now, limit)


def unknown_word(word: SlaveStatus) -> str | None:
    """Return what is said of a status that is none of the protocol's, or None."""
    if word.status is not BuilderStatus.UNKNOWN:
        return None
    return f"Unknown status code ({word.words}) returned from status() probe."


def _building(case: Case) -> Actions:
    lost = _lost(case)
    if lost:
        return lost
    adopt = () if case.job.accepted else (Adopt(),)
    return (*adopt, *BUILDING_TABLE[case.word.status](case))


def _lost(case: Case) -> Actions:
    """Return what to do where the slave does not have the job that its builder is believed to hold."""
    unknown = unknown_word(case.word)
    if unknown is not None:
        return (Requeue(unknown, fetch_log=True), FailBuilder(FailedBy.PROBE, unknown))
    if case.word.status is BuilderStatus.IDLE:
        return (Requeue(_forgotten(case.builder, case.job), blamed=case.job.accepted),)
    return () if case.ours else _strange(case)


def _strange(case: Case) -> Actions:
    """Give the job back; the builder, which then holds none, is rescued in the next turn."""
    cookie, reason = case.word.cookie or "a job without a name", case.mismatch or "Job build entry mismatch"
    return (Requeue(f"builder {case.builder.name} has {cookie} instead: {reason}"),)


def _forgotten(builder: BuilderFacts, job: JobFacts) -> str:
    if not job.accepted:
        return f"the dispatch to builder {builder.name} was interrupted"
    return f"Builder {builder.url} forgot about build {job.title} -- resetting buildqueue record"


def _aborted(case: Case) -> Actions:
    return (Requeue(f"builder {case.builder.name} aborted the build uncalled", fetch_log=True),)


def _aborting(case: Case) -> Actions:
    if case.job.logtail == TERMINATING and case.longer(case.job.tail_changed, case.limits.abort):
        return (Requeue(f"builder {case.builder.name} aborts the build, uncalled, and does not come to an end"),)
    return _save(case.job, TERMINATING)


def _running(case: Case) -> Actions:
    return _overdue(case) or _save(case.job, case.tail)


def _save(job: JobFacts, tail: str | None) -> Actions:
    return () if tail is None or tail == job.logtail else (SaveLogTail(tail),)


def _overdue(case: Case) -> Actions:
    """Give up a build that takes too long, or says nothing for too long."""
    job, limits = case.job, case.limits
    build, silence = job.build_limit or limits.build, job.silence_limit or limits.silence
    empty = job.empty_log_limit or limits.empty_log
    if case.longer(job.started, build):
        failure = f"the build took longer than {hours(build)}"
        return (Conclude(BuildState.FAILEDTOBUILD, failure=failure, package_spoke=False),)
    if case.word.logtail == "" and case.longer(job.started, empty):
        return (Requeue(f"builder {case.builder.name} has an empty log for longer than {hours(empty)}"),)
    if case.word.logtail and case.tail == job.logtail and case.longer(job.tail_changed, silence):
        return (Requeue(f"the build's log did not change for longer than {hours(silence)}", fetch_log=True),)
    return ()


def hours(seconds: float) -> str:
    """Return a limit in the largest unit that gives a whole number."""
    for name, size in (("h", 3600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size:.0f} {name}"
    return f"{seconds:g} s"


def _waiting(case: Case) -> Actions:
    if case.word.verdict is SlaveVerdict.OK:
        return _take(case)
    return _ends(case.builder, case.word)[case.word.verdict or SlaveVerdict.UNKNOWN]


def _take(case: Case) -> Actions:
    """Collect a build's results, unless its pocket was closed under it: that needs somebody to look."""
    closed = _closed_pocket(case.job)
    if closed is None:
        return () if case.job.held_for and case.builder.manual else (Collect(case.word.filemap),)
    return () if case.job.held_for else (Hold(closed),)


def _closed_pocket(job: JobFacts) -> str | None:
    if pockets.is_open(job.pocket, job.series_status, job.purpose):
        return None
    return pockets.closed_at_collection(f"{job.title} ({job.build_id})", job.pocket)


def _ends(builder: BuilderFacts, word: SlaveStatus) -> dict[SlaveVerdict, Actions]:
    name = builder.name
    return {
        SlaveVerdict.PACKAGEFAIL: (Conclude(BuildState.FAILEDTOBUILD, failure="the package failed to build"),),
        SlaveVerdict.DEPFAIL: (Conclude(BuildState.MANUALDEPWAIT, dependencies=word.dependencies),),
        SlaveVerdict.CHROOTFAIL: (
            Conclude(BuildState.CHROOTWAIT, failure="the chroot could not be set up", package_spoke=False),
        ),
        SlaveVerdict.GIVENBACK: (Requeue(f"builder {name} gave the build back", fetch_log=True, zero_score=True),),
        SlaveVerdict.BUILDERFAIL: (
            Requeue(OUT_OF_ORDER, fetch_log=True),
            FailBuilder(FailedBy.LIMIT, OUT_OF_ORDER),
        ),
        SlaveVerdict.ABORTED: (Requeue(f"builder {name} aborted the build uncalled", fetch_log=True),),
        SlaveVerdict.UNKNOWN: (
            Requeue(f"builder {name} ended the build with the unknown word {word.words!r}", fetch_log=True),
        ),
    }


BUILDING_TABLE: dict[BuilderStatus, Callable[[Case], Actions]] = {
    BuilderStatus.BUILDING: _running,
    BuilderStatus.WAITING: _waiting,
    BuilderStatus.ABORTING: _aborting,
    BuilderStatus.ABORTED: _aborted,
}


def _cancelling(case: Case) -> Actions:
    if not case.ours or case.word.status not in ACTIVE:
        log = case.ours and case.word.status in OVER
        return (Conclude(BuildState.CANCELLED, fetch_log=log, package_spoke=False),)
    if case.longer(case.job.cancel_since, case.limits.abort):
        return (Conclude(BuildState.CANCELLED, package_spoke=False), *_failed_to_end(case.builder, case.limits))
    to_be_told = case.word.status is BuilderStatus.BUILDING or case.job.cancel_since is None
    return (*((Abort(),) if to_be_told else ()), *_save(case.job, TERMINATING))


def _failed_to_end(builder: BuilderFacts, limits: Limits) -> Actions:
    """Fail a builder whose slave does not end its build; one that is reset will end it so."""
    return () if builder.is_reset or not builder.builderok else (FailBuilder(FailedBy.PROBE, unending(limits)),)


def unending(limits: Limits) -> str:
    """Return what is said of a slave that does not end its build."""
    return f"its slave did not end its build {limits.abort:.0f} s after it was told to"


def _gathering(case: Case) -> Actions:
    if case.job.landed:
        return (Collect(()),)
    if case.ours and case.word.status is BuilderStatus.WAITING and case.word.verdict is SlaveVerdict.OK:
        return (Collect(case.word.filemap),)
    return (Requeue(f"builder {case.builder.name} lost the results of the build"),)


JOB_TABLES: dict[BuildState, Callable[[Case], Actions]] = {
    BuildState.BUILDING: _building,
    BuildState.CANCELLING: _cancelling,
    BuildState.GATHERING: _gathering,
}
