"""What to do about a builder, given its slave's word.

One table a belief: about a builder out of service, one that is silent, one without a job; ``following`` has those about
one that holds a job. Each maps what the slave says to actions; ``decide`` picks the table. The rules never wait and
never ask: what is not yet so is asked about again in the next turn.
"""

from datetime import datetime

from buildmaster.farm.builders.actions import (
    Abort,
    Clean,
    Collect,
    Conclude,
    CountSilence,
    FailBuilder,
    Heard,
    MarkClean,
    MarkDirty,
    PostponeProbe,
    Requeue,
    Rescue,
    Reset,
    Restore,
)
from buildmaster.farm.builders.facts import BuilderFacts, JobFacts, Limits, Observation, longer
from buildmaster.farm.builders.replies import Silence, SlaveInfo, SlaveStatus
from buildmaster.farm.builders.runningjobs import JOB_TABLES, OVER, Actions, Case, unending, unknown_word
from buildmaster.farm.builders.states import BuilderStatus, CleanStatus, FailedBy
from buildmaster.farm.vocabulary.states import BuildState

FIRST_PROBE = 60.0  # seconds after a probe failed a builder; twice as long each time
LAST_PROBE = 3600.0
PROTOCOL = "1.0"


def decide(builder: BuilderFacts, seen: Observation, now: datetime, limits: Limits) -> Actions:
    """Return what to do about ``builder``, in the order to do it."""
    if not builder.builderok and builder.failed_by is not FailedBy.PROBE:
        return _out_of_service(builder)
    if isinstance(seen.word, Silence):
        return _silent(builder, seen.word, seen, limits)
    if builder.job is None:
        return (_heard(seen), *_without_job(builder, seen.word, seen, now, limits))
    case = Case(builder, builder.job, seen.word, seen.mismatch, now, limits)
    return (_heard(seen), *JOB_TABLES[builder.job.state](case))


def _heard(seen: Observation) -> Heard:
    version = seen.word.version if isinstance(seen.word, SlaveStatus) else None
    return Heard(version, seen.info.kinds if isinstance(seen.info, SlaveInfo) else None)


def _out_of_service(builder: BuilderFacts) -> Actions:
    """Free the job of a builder that its limit or an operator failed; its slave is left alone."""
    if builder.job is None:
        return ()
    if builder.job.landed:
        return (Collect(()),)
    if builder.job.state is BuildState.CANCELLING:
        return (Conclude(BuildState.CANCELLED, fetch_log=False, package_spoke=False),)
    return (Requeue(f"builder {builder.name} was failed: {builder.failnotes or 'no reason given'}", blamed=False),)


# -- silence -----------------------------------------------------------------------------------------------------------


def _silent(builder: BuilderFacts, silence: Silence, seen: Observation, limits: Limits) -> Actions:
    if builder.job is not None and builder.job.landed:
        return (Collect(()),)
    count = CountSilence(silence.reason)
    if seen.outage:
        return (*(_undo_mark(builder) if marked_since_silent(builder) else ()), count)
    if builder.job is None:
        return (count, *_silent_without_job(builder, silence))
    if builder.silent_scans + 1 < limits.silent_scans:
        return (count,)
    return (count, _give_up(builder, builder.job, silence, limits))


def _silent_without_job(builder: BuilderFacts, silence: Silence) -> Actions:
    """One that is reset need not answer before: its machine may be off, or hang."""
    if builder.is_reset and builder.clean_status is not CleanStatus.CLEAN:
        return (Reset(),)
    return _mark_or_postpone(builder, silence.reason)


def marked_since_silent(builder: BuilderFacts) -> bool:
    """Tell whether a probe failed the builder for the silence that still lasts, and not for something before it."""
    if builder.failed_by is not FailedBy.PROBE or builder.silent_since is None or builder.date_failed is None:
        return False
    return builder.date_failed >= builder.silent_since


def _give_up(builder: BuilderFacts, job: JobFacts, silence: Silence, limits: Limits) -> Conclude | Requeue:
    """Free the job of a builder that was silent for too long."""
    if job.state is BuildState.CANCELLING:
        return Conclude(BuildState.CANCELLED, fetch_log=False, package_spoke=False)
    return Requeue(f"builder {builder.name} did not answer {limits.silent_scans} scans in a row: {silence.reason}")


def _undo_mark(builder: BuilderFacts) -> Actions:
    return () if builder.builderok else (Restore(),)


def next_delay(delay: float) -> float:
    """Return the seconds to the probe after one that came ``delay`` seconds after its predecessor, and failed."""
    return min(max(2 * delay, FIRST_PROBE), LAST_PROBE)


# -- without a job -----------------------------------------------------------------------------------------------------


def _without_job(builder: BuilderFacts, word: SlaveStatus, seen: Observation, now: datetime, limits: Limits) -> Actions:
    unfit = unsuitable(builder, seen.info) or unknown_word(word)
    if unfit is not None:
        return _mark_or_postpone(builder, unfit)
    if word.status is BuilderStatus.IDLE:
        return _idle(builder)
    return (*_rescue(builder, word, seen), *_cleaning(builder, word, now, limits))


def unsuitable(builder: BuilderFacts, info: SlaveInfo | Silence | None) -> str | None:
    """Return why the slave can't be this builder's, or None; ``info`` is None where it wasn't asked."""
    if info is None:
        return None
    if isinstance(info, Silence):
        return info.reason
    if info.version != PROTOCOL:
        return f"Protocol version mismatch: the slave speaks {info.version}, the master {PROTOCOL}"
    if builder.tags and info.tag not in builder.tags:
        return f"Architecture tag mismatch: {info.tag} != {' or '.join(sorted(builder.tags))}"
    return None


def _mark_or_postpone(builder: BuilderFacts, reason: str) -> Actions:
    if builder.builderok:
        return (FailBuilder(FailedBy.PROBE, reason),)
    return (PostponeProbe(next_delay(builder.probe_delay), reason),)


def _idle(builder: BuilderFacts) -> Actions:
    if builder.builderok and builder.clean_status is CleanStatus.CLEAN:
        return ()
    if builder.clean_status is not CleanStatus.CLEAN and builder.is_reset:
        return (Reset(),)
    return (*_undo_mark(builder), MarkClean())


def _rescue(builder: BuilderFacts, word: SlaveStatus, seen: Observation) -> Actions:
    dirty = (MarkDirty(),) if builder.clean_status is CleanStatus.CLEAN else ()
    if seen.mismatch is None or word.cookie is None or builder.clean_status is CleanStatus.CLEANING:
        return dirty
    return (Rescue(word.cookie, seen.mismatch), *dirty)


def _cleaning(builder: BuilderFacts, word: SlaveStatus, now: datetime, limits: Limits) -> Actions:
    if builder.is_reset:
        return (Reset(),)
    cleaning = builder.clean_status is CleanStatus.CLEANING
    late = cleaning and longer(builder.clean_since, now, limits.abort)
    mark = _mark_or_postpone(builder, unending(limits)) if late else ()
    if word.status in OVER:
        return (*mark, Clean())
    to_be_told = word.status is BuilderStatus.BUILDING or not cleaning
    return (*mark, *((Abort(),) if to_be_told else ()))
