"""Tell how the turns of jobs ended: the log, and mail to those whom failures are told."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from buildmaster.errors import BuildmasterError
from buildmaster.farm.notices.sequencerjobs import (
    JobEnd,
    Notice,
    Trouble,
    after_failure,
    failure_notice,
    recovery_notice,
)
from buildmaster.model.tables.outbox import post
from buildmaster.work.child import ProcessFailedError
from buildmaster.work.database import Database

LOG = "-"
Troubles = dict[str, Trouble]  # of jobs that fail, by their names


class Reporter:
    """Reports the ends of turns. ``targets`` are addresses, and "-" for the log.

    ``commands`` holds the command line of each job that is a child process, by the job's name; ``troubles`` is what is
    known of jobs that fail.
    """

    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        database: Database,
        now: Callable[[], datetime],
        targets: Sequence[str],
        commands: dict[str, str],
        alwayslog: frozenset[str],
        troubles: Troubles | None = None,
    ) -> None:
        self._clock = clock
        self._database = database
        self._now = now
        self._targets = tuple(targets)
        self._commands = commands
        self._alwayslog = alwayslog
        self._troubles = {} if troubles is None else troubles
        self._well: set[str] = set()

    def ended(self, job: str, result: object) -> None:
        """Log the end of a job's turn with that result or Failure, and mail where somebody is to be told."""
        end = self._end(job, result)
        if job in self._commands or self._is_news(end):
            self.log.info("Job {job} completed with exit code {code}", job=job, code=end.code)
        if job in self._alwayslog:
            self.log.info("Job output was:\n{output}\n", output=end.output)
            self.log.info("Job error output was:\n{errors}\n", errors=end.errors)
        if end.code:
            self._failed(end)
        else:
            self._ended_well(end)

    def _is_news(self, end: JobEnd) -> bool:
        """Tell whether a task, which may run every second, ended otherwise than before."""
        if end.code == 0:
            return end.job not in self._well
        trouble = self._troubles.get(end.job)
        return trouble is None or trouble.what != end.what

    def _end(self, job: str, result: object) -> JobEnd:
        command = self._commands.get(job, job)
        if not isinstance(result, Failure):
            output, errors = result if job in self._commands and isinstance(result, tuple) else ("", "")
            return JobEnd(job, command, 0, output, errors)
        error = result.value
        if isinstance(error, ProcessFailedError):
            return JobEnd(job, command, error.code, error.output, error.errors)
        expected = result.check(BuildmasterError)
        return JobEnd(job, command, 1, "", result.getErrorMessage() if expected else result.getTraceback())

    def _failed(self, end: JobEnd) -> None:
        self._well.discard(end.job)
        self._troubles[end.job], telling = after_failure(self._troubles.get(end.job), end, self._clock.seconds())
        if telling:
            self._tell(failure_notice(end, self._troubles[end.job].count))

    def _ended_well(self, end: JobEnd) -> None:
        self._well.add(end.job)
        trouble = self._troubles.pop(end.job, None)
        if trouble is not None:
            self._tell(recovery_notice(end, trouble))

    def _tell(self, notice: Notice) -> None:
        if LOG in self._targets:
            self.log.error("{subject}\n\n{body}", subject=notice.subject, body=notice.body)
        addresses = [target for target in self._targets if target != LOG]
        for address in addresses:
            self.log.info("Mailing report to: {address}", address=address)
        if addresses:
            posted = self._database.run(_post_all, self._now(), addresses, notice)
            posted.addErrback(lambda failure: self.log.failure("a report could not be posted", failure))


def _post_all(session: Session, now: datetime, addresses: Sequence[str], notice: Notice) -> None:
    for address in addresses:
        post(session, now, address, notice.subject, notice.body, dict(notice.headers))
