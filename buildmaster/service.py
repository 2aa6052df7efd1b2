"""Put the parts together; nothing else does."""

import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytz
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from buildmaster.child import Command
from buildmaster.config import Config, JobConfig, find, load
from buildmaster.database import Database, Transactions, make_engine
from buildmaster.errors import BuildmasterError
from buildmaster.folders import make_folders
from buildmaster.mail import MailHost
from buildmaster.nudges import NudgeListener
from buildmaster.reporter import Reporter
from buildmaster.sequencer import BuildSequencer, BuildSequencerJob, Task
from buildmaster.tasks.notifier import Notifier
from buildmaster.upgrading import check_fits

Now = Callable[[], datetime]
Reactor = Any  # the reactor is a dozen interfaces; each part names the ones that it needs
log = Logger()


class Daemon(MultiService):
    """All that runs; the database stops last, for the others still need it."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    def startService(self) -> None:
        """Start the database, then the rest."""
        self._database.start()
        super().startService()

    async def _stop(self) -> None:
        await super().stopService()
        self._database.stop()

    def stopService(self) -> Deferred[None]:
        """Wait for the turn under way, then stop the database."""
        return Deferred.fromCoroutine(self._stop())


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(tz=pytz.UTC)


def attach_daemon(application: object, reactor: Reactor, path: Path | None) -> None:
    """Attach the daemon of the conf file at ``path`` to twistd's application, or say in a line why it can't be."""
    reactor.seconds = time.monotonic  # a clock that is set moves no turn and no timeout
    try:
        make_service(load(find(path)), reactor).setServiceParent(application)
    except BuildmasterError as error:
        sys.exit(str(error))


def make_service(config: Config, reactor: Reactor) -> MultiService:
    """Return the whole daemon, not started; raise SchemaMismatchError unless the database fits the code."""
    transactions = Transactions(make_engine(config.database.url))
    check_fits(transactions.engine)
    make_folders(config.root)
    database = Database(reactor, transactions)
    daemon = Daemon(database)
    tasks = make_tasks(config, reactor, database)
    sequencer = make_sequencer(config, reactor, database, tasks)
    sequencer.setServiceParent(daemon)
    NudgeListener(reactor, config.root, sequencer.nudge).setServiceParent(daemon)
    return daemon


def make_tasks(config: Config, reactor: Reactor, database: Database) -> dict[str, Task]:
    """Return the built-in tasks by their names."""
    tasks = [
        Notifier(database, make_mail_host(config, reactor), utc_now),
    ]
    return {task.name: task for task in tasks}


def make_mail_host(config: Config, reactor: Reactor) -> MailHost | None:
    """Return the host that takes our mail; None while there is no address that it would be from."""
    mail = config.mail
    return MailHost(reactor, mail.smtphost, mail.smtpport, mail.fromaddress) if mail.fromaddress else None


def make_sequencer(config: Config, reactor: Reactor, database: Database, tasks: dict[str, Task]) -> BuildSequencer:
    """Return the sequencer with the jobs of the conf file."""
    log.info("Loading jobs...")
    jobs = [make_job(config, reactor, tasks, job) for job in config.jobs if job.command or job.task in tasks]
    log.info("Mailer targets set to:")
    for target in config.mailproblemsto:
        log.info("   ... {target}", target=target)
    return BuildSequencer(reactor, jobs, make_reporter(config, reactor, database).ended, config.sequencer.stop_limit)


def make_job(config: Config, reactor: Reactor, tasks: dict[str, Task], job: JobConfig) -> BuildSequencerJob:
    """Return one job: a built-in task, or a child process."""
    size = config.sequencer.output_size
    command = Command(reactor, job.name, job.command, config.path, config.root, size) if job.command else None
    log.info("   ...loaded {job}", job=job.name)
    return BuildSequencerJob(job.name, command or tasks[job.task], job.mindelay, job.timeout, reactor.seconds())


def make_reporter(config: Config, reactor: Reactor, database: Database) -> Reporter:
    """Return who tells of the ends of turns."""
    commands = {job.name: " ".join(job.command) for job in config.jobs if job.command}
    always = frozenset(job.name for job in config.jobs if job.alwayslog)
    return Reporter(reactor, database, utc_now, config.mailproblemsto, commands, always)
