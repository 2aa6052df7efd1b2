"""What is done on an errand to a builder's slave: collect, end, give back, abort, clean, reset.

An errand may take long; what it was decided on may have changed when it changes a row, which then stays as it is.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session
from twisted.logger import Logger

from buildmaster.collecting import CollectionFailedError, Collector, Log
from buildmaster.database import Database
from buildmaster.farm.actions import Collect, Conclude, Requeue
from buildmaster.farm.facts import BuilderFacts, JobFacts, Silence
from buildmaster.farm.states import BuilderStatus, BuildState, CleanStatus, FailedBy
from buildmaster.model.attempts import conclude, requeue
from buildmaster.model.upkeep import fail, mark, restore
from buildmaster.resetting import CannotResumeHostError, Resetter
from buildmaster.slave import Slaves

log = Logger()
Tell = Callable[[Session, datetime, int], None]  # tells people of the end of a build, by its id


class Duties:
    """The errands of the scanner. ``tell`` posts the notices about a build that has ended."""

    def __init__(
        self,
        database: Database,
        slaves: Slaves,
        collector: Collector,
        resetter: Resetter,
        tell: Tell,
        now: Callable[[], datetime],
        nudge: Callable[[str], None],
    ) -> None:
        self._database = database
        self._slaves = slaves
        self._collector = collector
        self._resetter = resetter
        self._tell = tell
        self._now = now
        self._nudge = nudge

    async def collect(self, builder: BuilderFacts, job: JobFacts, action: Collect) -> None:
        """Take in a successful build; where its slave stalls or lies, that attempt has failed."""
        slave = self._slaves.of(builder)
        try:
            taken = await self._collector.collect(slave, job, action.filemap)
        except CollectionFailedError as error:
            await self._database.run(partial(requeue, blamed=True), self._now(), job.attempt_id, str(error))
            log.warn("{title} goes back to the queue: {why}", title=job.title, why=str(error))
        else:
            if taken:
                self._nudge("uploader")
        await self.clean(builder)

    async def conclude(self, builder: BuilderFacts, job: JobFacts, action: Conclude) -> None:
        """End a build, with its log."""
        fetched = await self._collector.log(self._slaves.of(builder), job)
        await self._database.run(_concluded, self._now(), job, action, fetched, self._tell)
        await self._collector.forget(job)
        await self.clean(builder)

    async def give_back(self, builder: BuilderFacts, job: JobFacts, action: Requeue) -> None:
        """Give a job back to the queue, with the log of its attempt."""
        fetched = await self._collector.log(self._slaves.of(builder), job)
        await self._database.run(_given_back, self._now(), job, action, fetched)
        await self._collector.forget(job)
        await self.clean(builder)

    async def abort(self, builder: BuilderFacts) -> None:
        """Tell the slave to end its build; whether it does is seen by the next scan."""
        reply = await self._slaves.of(builder).abort()
        if isinstance(reply, Silence):
            log.info("{name} did not confirm an abort: {why}", name=builder.name, why=reply.reason)

    async def clean(self, builder: BuilderFacts) -> None:
        """Clean a slave that has ended; one that isn't reset besides is then ready for work."""
        reply = await self._slaves.of(builder).clean()
        if reply == BuilderStatus.IDLE.value and builder.builderok and not builder.is_reset:
            await self._database.run(mark, self._now(), builder.id, CleanStatus.CLEAN)
        self._nudge("slave_scanner")
        self._nudge("dispatcher")

    async def reset(self, builder: BuilderFacts) -> None:
        """Reset the builder's virtual machine; one that can't be reset is out of service until it can."""
        try:
            await self._resetter.reset(builder, self._slaves.of(builder))
        except CannotResumeHostError as error:
            await self._database.run(fail, self._now(), builder.id, FailedBy.PROBE, str(error))
            log.warn(
                "{name} ({url}) marked as failed due to: {why}", name=builder.name, url=builder.url, why=str(error)
            )
        else:
            await self._database.run(_reset, self._now(), builder.id)
            self._nudge("dispatcher")


def _concluded(session: Session, now: datetime, job: JobFacts, action: Conclude, fetched: Log, tell: Tell) -> None:
    log_id = fetched.named(session, now, action.state)
    ending = {"failure": action.failure, "dependencies": action.dependencies}
    if conclude(session, now, job.attempt_id, action.state, log_id=log_id, **ending):
        tell(session, now, job.build_id)


def _given_back(session: Session, now: datetime, job: JobFacts, action: Requeue, fetched: Log) -> None:
    log_id = fetched.named(session, now, BuildState.NEEDSBUILD)
    how = {"blamed": action.blamed, "zero_score": action.zero_score}
    requeue(session, now, job.attempt_id, action.reason, log_id=log_id, **how)


def _reset(session: Session, now: datetime, builder_id: int) -> None:
    restore(session, builder_id)
    mark(session, now, builder_id, CleanStatus.CLEAN)
