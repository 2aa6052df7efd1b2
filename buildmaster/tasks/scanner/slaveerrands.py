"""What is done on an errand to a builder's slave: fetch, end, give back, abort, clean, reset.

An errand may take long; what it was decided on may have changed when it changes a row, which then stays as it is.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session
from twisted.logger import Logger
from twisted.python.failure import Failure

from buildmaster.farm.builders.actions import Collect, Conclude, Requeue
from buildmaster.farm.builders.blame import Verdict
from buildmaster.farm.builders.facts import BuilderFacts, JobFacts
from buildmaster.farm.builders.logmessages import judged, marked
from buildmaster.farm.builders.replies import Silence, SlaveStatus
from buildmaster.farm.builders.runningjobs import OVER
from buildmaster.farm.builders.scanning import next_delay
from buildmaster.farm.builders.states import BuilderStatus, FailedBy
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.builders.attempts import Setback, conclude, held
from buildmaster.model.builders.blaming import requeue, still_failing
from buildmaster.model.builders.upkeep import clean_all, cleaned, fail, restore
from buildmaster.model.notices.builds import Notices
from buildmaster.model.tables.files import remember_files
from buildmaster.slave.client import Slaves
from buildmaster.tasks.scanner.fetching import FetchFailedError, Log, ResultFetcher
from buildmaster.tasks.scanner.resetting import CannotResumeHostError, Resetter
from buildmaster.work.builderlog import say
from buildmaster.work.errands import Errands
from buildmaster.work.taskcontext import TaskContext

log = Logger()


class SlaveErrands:
    """The errands of the scanner."""

    def __init__(
        self,
        context: TaskContext,
        slaves: Slaves,
        errands: Errands,
        fetcher: ResultFetcher,
        resetter: Resetter,
    ) -> None:
        self._context = context
        self._slaves = slaves
        self._errands = errands
        self._fetcher = fetcher
        self._resetter = resetter

    async def fetch_results(self, builder: BuilderFacts, job: JobFacts, action: Collect) -> None:
        """Fetch and land the results of a successful build; where its slave stalls or lies, that attempt has failed."""
        try:
            wanted = await self._fetcher.fetch_and_land(self._slaves.of(builder), job, action.filemap)
        except FetchFailedError as error:
            await self._lost(builder, job, str(error))
        else:
            if wanted:
                self._context.nudge("uploader")
        await self._clean(builder)

    async def _lost(self, builder: BuilderFacts, job: JobFacts, reason: str) -> None:
        """Give a job back whose results could not be fetched; its log was."""
        fetched = await self._fetcher.fetch_log(self._slaves.of(builder), job)
        await self._given_back(builder, job, Setback(reason), fetched)
        log.warn("{title} goes back to the queue: {why}", title=job.title, why=reason)

    async def conclude(self, builder: BuilderFacts, job: JobFacts, action: Conclude) -> None:
        """End a build, with its log."""
        fetched = await self._fetcher.fetch_log(self._slaves.of(builder), job)
        await self._context.database.run(_concluded, self._context.now(), job, action, fetched, self._context.notices)
        self._fetcher.forget(job)
        await self.clean(builder)

    async def give_back(self, builder: BuilderFacts, job: JobFacts, action: Requeue) -> None:
        """Give a job back to the queue, with the log of its attempt."""
        fetched = await self._fetcher.fetch_log(self._slaves.of(builder), job)
        await self._given_back(builder, job, Setback(action.reason, action.blamed, action.zero_score), fetched)
        await self.clean(builder)

    async def _given_back(self, builder: BuilderFacts, job: JobFacts, setback: Setback, fetched: Log) -> None:
        verdict = await self._context.database.run(
            _given_back, self._context.now(), builder, job, setback, fetched, self._context.notices
        )
        say(builder, judged(builder, job.title, verdict, setback.reason))
        self._fetcher.forget(job)

    async def abort(self, builder: BuilderFacts) -> None:
        """Tell the slave to end its build; whether it does is seen by the next scan."""
        reply = await self._slaves.of(builder).abort()
        if isinstance(reply, Silence):
            log.info("{name} did not confirm an abort: {why}", name=builder.name, why=reply.reason)

    async def clean(self, builder: BuilderFacts) -> None:
        """Clean a slave that has ended, and no other; one that isn't reset besides is then ready for work."""
        word = await self._slaves.of(builder).status()
        if isinstance(word, SlaveStatus) and word.status in OVER:
            await self._clean(builder)
        else:
            self._context.nudge("slave_scanner")

    async def _clean(self, builder: BuilderFacts) -> None:
        """Clean a slave whose build has ended; any other refuses that.

        The dispatcher is nudged first, and nobody waits for the commit: so its turn shares the transaction. Only the
        scanner lets the builder alone until then.
        """
        reply = await self._slaves.of(builder).clean()
        if reply != BuilderStatus.IDLE.value or builder.is_reset:
            self._context.nudge("slave_scanner")
            return
        self._context.nudge("dispatcher")
        marked_clean = self._context.database.join(clean_all, (builder.id, builder.url, self._context.now()))
        self._errands.settle(builder.id, marked_clean).addErrback(self._not_marked, builder)

    def _not_marked(self, failure: Failure, builder: BuilderFacts) -> None:
        log.failure("builder {name} is clean, which could not be noted: the scanner will", failure, name=builder.name)
        self._context.nudge("slave_scanner")

    async def reset(self, builder: BuilderFacts) -> None:
        """Reset the builder's virtual machine; one that can't be reset is out of service until it can."""
        try:
            await self._resetter.reset(builder, self._slaves.of(builder))
        except CannotResumeHostError as error:
            await self._context.database.run(
                _not_reset, self._context.now(), builder, str(error), self._context.notices
            )
            say(builder, marked(builder, str(error)))
        else:
            await self._context.database.run(_reset, self._context.now(), builder)
            self._context.nudge("dispatcher")


def _concluded(
    session: Session, now: datetime, job: JobFacts, action: Conclude, fetched: Log, notices: Notices
) -> None:
    if held(session, job.attempt_id) is None:
        return
    (log_id,) = remember_files(session, [(fetched.named(action.state), now)])
    ending = {"failure": action.failure, "dependencies": action.dependencies}
    conclude(session, now, job.attempt_id, action.state, log_id=log_id, **ending)
    notices.ended(session, now, job.build_id)


def _given_back(
    session: Session,
    now: datetime,
    builder: BuilderFacts,
    job: JobFacts,
    setback: Setback,
    fetched: Log,
    notices: Notices,
) -> Verdict | None:
    if held(session, job.attempt_id) is None:
        return None
    (log_id,) = remember_files(session, [(fetched.named(BuildState.NEEDSBUILD), now)])
    return requeue(session, now, builder, job.attempt_id, replace(setback, log_id=log_id), notices)


def _not_reset(session: Session, now: datetime, builder: BuilderFacts, reason: str, notices: Notices) -> None:
    if not fail(session, now, builder.id, FailedBy.PROBE, reason):
        still_failing(session, now, builder, next_delay(builder.probe_delay), reason, notices)


def _reset(session: Session, now: datetime, builder: BuilderFacts) -> None:
    restore(session, builder.id)
    cleaned(session, now, builder.id, builder.url)
