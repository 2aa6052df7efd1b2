"""Give jobs back to the queue: count what went wrong, find who is guilty, and tell people of it."""

from datetime import datetime

from sqlalchemy import Table, func, select, update
from sqlalchemy.orm import Session

from buildmaster.farm.builders.blame import Record, Verdict, judge
from buildmaster.farm.builders.facts import BuilderFacts
from buildmaster.farm.builders.logmessages import failed_text, too_many
from buildmaster.farm.builders.scanning import FIRST_PROBE
from buildmaster.farm.builders.states import FailedBy
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.builders.attempts import Held, Setback, conclude, give_back, held
from buildmaster.model.builders.upkeep import fail, postpone_probe
from buildmaster.model.notices.builds import Notices
from buildmaster.model.tables.builders import Builder, BuilderProcessor
from buildmaster.model.tables.builds import Attempt, Build, BuildQueue
from buildmaster.model.tables.mapping import table_of

ATTEMPT, BUILD, QUEUE, BUILDER = table_of(Attempt), table_of(Build), table_of(BuildQueue), table_of(Builder)


def requeue(
    session: Session, now: datetime, builder: BuilderFacts, attempt_id: int, setback: Setback, notices: Notices
) -> Verdict | None:
    """Give the job back to the queue, or fail its build if that is found guilty; return the verdict, None if too late.

    A cancelled build is not given back: it is then CANCELLED. A builder that is found guilty is taken out of service.
    """
    job = held(session, attempt_id)
    if job is None:
        return None
    if job.state is BuildState.CANCELLING:
        conclude(session, now, attempt_id, BuildState.CANCELLED, log_id=setback.log_id)
        return Verdict.NOBODY
    verdict = _judge(session, job) if setback.blamed else Verdict.NOBODY
    if verdict is Verdict.BUILD:
        _convict(session, now, job, setback)
        notices.ended(session, now, job.build_id)
        return verdict
    give_back(session, now, job, setback)
    if verdict is Verdict.BUILDER:
        retire(session, now, builder, too_many(setback.reason), notices)
    return verdict


def retire(session: Session, now: datetime, builder: BuilderFacts, reason: str, notices: Notices) -> None:
    """Take a builder out of service until an operator has looked, and say so to the administrators."""
    if fail(session, now, builder.id, FailedBy.LIMIT, reason):
        notices.warn(session, now, *failed_text(builder, reason))


def still_failing(
    session: Session, now: datetime, builder: BuilderFacts, delay: float, reason: str, notices: Notices
) -> None:
    """Put off the next probe; tell of a builder that did not come back by the first one."""
    postpone_probe(session, now, builder.id, delay, reason)
    if builder.probe_delay == FIRST_PROBE:
        notices.warn(session, now, *failed_text(builder, reason))


def _judge(session: Session, job: Held) -> Verdict:
    """Count the failure on builder and build, and find who is guilty."""
    session.execute(update(ATTEMPT).where(ATTEMPT.c.id == job.attempt_id).values(blamed=True))
    build_failures = _count_up(session, BUILD, job.build_id)
    builder_failures = _count_up(session, BUILDER, job.builder_id)
    builders = frozenset(builder_id for _, builder_id, _ in _counted(session, job))
    return judge(Record(builder_failures, build_failures, builders, _able(session, job)))


def _count_up(session: Session, table: Table, row_id: int) -> int:
    counted = update(table).where(table.c.id == row_id).values(failure_count=table.c.failure_count + 1)
    return int(session.execute(counted.returning(table.c.failure_count)).scalar_one())


def _counted(session: Session, job: Held) -> list[tuple[int, int, str]]:
    """Return number, builder and reason of the attempts that count against the build: those since its last retry."""
    count = select(BUILD.c.failure_count).where(BUILD.c.id == job.build_id)
    query = select(ATTEMPT.c.number, ATTEMPT.c.builder_id, func.coalesce(ATTEMPT.c.failure, "")).where(
        ATTEMPT.c.build_id == job.build_id,
        ATTEMPT.c.blamed,
    )
    rows = session.execute(query.order_by(ATTEMPT.c.number.desc()).limit(session.scalar(count) or 0))
    return [(number, builder_id, text) for number, builder_id, text in reversed(rows.all())]


def _able(session: Session, job: Held) -> int:
    """Return how many builders there are that can take the build."""
    wanted = select(QUEUE.c.processor_id, QUEUE.c.is_trusted).where(QUEUE.c.build_id == job.build_id)
    processor_id, trusted = session.execute(wanted).one()
    query = (
        select(func.count())
        .select_from(Builder)
        .join(BuilderProcessor)
        .where(
            BuilderProcessor.processor_id == processor_id,
            Builder.trusted == trusted,
            Builder.builderok,
            Builder.date_removed.is_(None),
        )
    )
    return session.scalar(query) or 0


def _convict(session: Session, now: datetime, job: Held, setback: Setback) -> None:
    """Fail the build with the reasons of all its attempts, and give the builders their counts back."""
    counted = _counted(session, job)
    texts = {number: text for number, _, text in counted} | {job.number: setback.reason}
    reasons = [f"attempt {number}: {text}" for number, text in texts.items()]
    failure = "\n".join(("it failed again and again, and not by its own words", *reasons))
    conclude(session, now, job.attempt_id, BuildState.FAILEDTOBUILD, failure=failure, log_id=setback.log_id)
    for _, builder_id, _ in counted:
        count = BUILDER.c.failure_count
        back = update(BUILDER).where(BUILDER.c.id == builder_id, count > 0)
        session.execute(back.values(failure_count=count - 1))
