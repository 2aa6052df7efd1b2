"""Schedule code imports: give jobs to machines, and take in what becomes of them."""

import gzip
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any  # Any: what a thread's work returns

from sqlalchemy.orm import Session
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from zope.interface import implementer

from buildmaster.farm.codeimports.jobs import Ended, ImportFacts, ImportPolicy, RunningJob
from buildmaster.farm.codeimports.states import ImportResult
from buildmaster.farm.text.redacting import without_credentials
from buildmaster.farm.vocabulary.contents import Content
from buildmaster.files.librarian import ILibrarian
from buildmaster.model.codeimports.jobs import finish_job, import_of_job, keep_alive
from buildmaster.model.codeimports.machines import job_for_machine
from buildmaster.model.tables.files import remember_file
from buildmaster.web.codeimports.contracts import ICodeImportSchedulerApplication
from buildmaster.work.database import Database

log = Logger()


@dataclass(frozen=True)
class KeptLog:
    """A log in the librarian's keeping, and the name it gets."""

    content: Content
    filename: str


@implementer(ICodeImportSchedulerApplication)
class CodeImportScheduler:
    """The scheduler. ``in_thread`` calls the ``librarian``."""

    def __init__(
        self,
        database: Database,
        librarian: ILibrarian,
        in_thread: Callable[..., Deferred[Any]],
        policy: ImportPolicy,
        now: Callable[[], datetime],
    ) -> None:
        self.policy = policy
        self._database = database
        self._librarian = librarian
        self._in_thread = in_thread
        self._now = now

    def give_job(self, hostname: str) -> Deferred[int]:
        """Give the machine its next job; fire with the job's id, or 0; fail with NoSuchMachineError for a stranger."""
        return self._database.run(job_for_machine, hostname, self.policy, self._now())

    def import_of(self, run: RunningJob) -> Deferred[ImportFacts | None]:
        """Fire with what a running job is to import, or None when it is no longer run so."""
        return self._database.read(import_of_job, run)

    def keep_alive(self, run: RunningJob, logtail: str) -> Deferred[bool]:
        """Note that a job goes on; fire with False when it is no longer run so."""
        return self._database.run(keep_alive, run, logtail, self._now())

    async def finish(self, run: RunningJob, result: ImportResult, text: bytes) -> bool:
        """Take in a result and its log; return False, and keep no log, when the job is no longer run so."""
        code_import = await self.import_of(run)
        kept = None
        if code_import is not None and text:
            content = await self._in_thread(self._keep, text)
            kept = KeptLog(content, f"{code_import.name}-{run.id}.txt.gz")
        finished = await self._database.run(end_run, run, Ended(result, self._now()), kept, self.policy)
        _tell(run, result, finished)
        return finished

    def _keep(self, text: bytes) -> Content:
        with tempfile.NamedTemporaryFile() as file:
            file.write(gzip.compress(without_credentials(text.decode(errors="replace")).encode()))
            file.flush()
            return self._librarian.add(Path(file.name))


def end_run(session: Session, run: RunningJob, ended: Ended, kept: KeptLog | None, policy: ImportPolicy) -> bool:
    """Take in a result; its log gets its name only if the job is still run so."""
    log_file_id = None
    if kept is not None and import_of_job(session, run) is not None:
        log_file_id = remember_file(session, kept.content, kept.filename, "text/plain", ended.date)
    return finish_job(session, run, Ended(ended.result, ended.date, log_file_id), policy)


def _tell(run: RunningJob, result: ImportResult, finished: bool) -> None:
    if finished:
        log.info("code import job {job} ended: {result}", job=run.id, result=result.name)
    else:
        log.warn("a late result of code import job {job} is refused: {result}", job=run.id, result=result.name)
