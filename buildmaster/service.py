"""Put the parts together; nothing else does."""

import shlex
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import pytz
from twisted.application.internet import TCPServer
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.web.server import Site

from buildmaster.archfiles import ArchSpecificFiles, dpkg_tables
from buildmaster.child import Command
from buildmaster.config import Config, JobConfig
from buildmaster.database import Database, Transactions, make_engine
from buildmaster.farm.scoring import named_weights
from buildmaster.folders import make_folders
from buildmaster.librarian import ILibrarian, open_librarian
from buildmaster.mail import MailHost
from buildmaster.nudges import NudgeListener
from buildmaster.reporter import Reporter
from buildmaster.sequencer import BuildSequencer, BuildSequencerJob, Task
from buildmaster.slave import Slaves, Timeouts
from buildmaster.tasks.depwatch import DependencyWatch
from buildmaster.tasks.importwatch import ImportWatch
from buildmaster.tasks.notifier import Notifier
from buildmaster.tasks.publisher import Publisher
from buildmaster.tasks.queuebuilder import QueueBuilder
from buildmaster.tasks.uploader import Uploader
from buildmaster.upgrading import check_fits
from buildmaster.uploadcommand import UploadCommand
from buildmaster.web.files import StoredFiles
from buildmaster.web.importscheduler import CodeImportScheduler
from buildmaster.web.site import make_site
from buildmaster.web.xmlrpc import CodeImportSchedulerResource

Reactor = Any  # the reactor is a dozen interfaces; each part names the ones that it needs
log = Logger()


@dataclass(frozen=True)
class Parts:
    """What the other parts are made of. ``nudge`` makes the job due at once that has the name."""

    config: Config
    reactor: Reactor
    database: Database
    librarian: ILibrarian
    slaves: Slaves
    nudge: Callable[[str], None]

    def in_thread(
        self, work: Callable[..., Any], *args: Any
    ) -> Deferred[Any]:  # Any: whatever the work takes and gives
        """Run work that blocks, off the reactor."""
        return deferToThreadPool(self.reactor, self.reactor.getThreadPool(), work, *args)


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


def make_service(config: Config, reactor: Reactor) -> MultiService:
    """Return the whole daemon, not started; raise SchemaMismatchError unless the database fits the code."""
    transactions = Transactions(make_engine(config.database.url))
    check_fits(transactions.engine)
    transactions.engine.dispose()  # no connection outlives the fork of a process that becomes a daemon
    make_folders(config.root)

    def nudge(name: str) -> None:
        sequencer.nudge(name)

    parts = Parts(
        config,
        reactor,
        Database(reactor, transactions),
        open_librarian(config.librarian.store),
        Slaves(reactor, Timeouts(config.slaves.timeout, config.slaves.untrusted_timeout)),
        nudge,
    )
    daemon = Daemon(parts.database)
    sequencer = make_sequencer(parts)
    sequencer.setName("sequencer")
    sequencer.setServiceParent(daemon)
    NudgeListener(reactor, config.root, sequencer.nudge).setServiceParent(daemon)
    TCPServer(config.web.port, make_web(parts), interface=config.web.bind, reactor=reactor).setServiceParent(daemon)
    return daemon


def make_tasks(parts: Parts) -> dict[str, Task]:
    """Return the built-in tasks by their names."""
    config, database, nudge = parts.config, parts.database, parts.nudge
    tasks = [
        make_queue_builder(parts),
        ImportWatch(database, utc_now, config.code_imports.policy),
        Uploader(config.root, database, parts.librarian, parts.in_thread, utc_now, nudge, make_upload_command(config)),
        Publisher(database, utc_now, nudge),
        Notifier(database, make_mail_host(config, parts.reactor), utc_now),
    ]
    return {task.name: task for task in tasks}


def make_queue_builder(parts: Parts) -> QueueBuilder:
    """Return the queue builder, with its watch over builds that wait for dependencies."""
    table, root = dpkg_tables(), parts.config.root
    weights = named_weights(**asdict(parts.config.scores))
    watch = DependencyWatch(parts.database, utc_now, table, parts.librarian, parts.in_thread)
    files = ArchSpecificFiles(root)
    return QueueBuilder(parts.database, utc_now, parts.nudge, weights, table, files, watch.release)


def make_upload_command(config: Config) -> UploadCommand | None:
    """Return the program that takes in results; None where we do it alone."""
    uploader = config.uploader
    return UploadCommand(config.root, uploader.command, uploader.timeout) if uploader.command else None


def make_web(parts: Parts) -> Site:
    """Return the web site."""
    imports = parts.config.code_imports
    scheduler = CodeImportScheduler(parts.database, parts.librarian, parts.in_thread, imports.policy, utc_now)
    resources = {
        "files": StoredFiles(parts.database, parts.librarian, parts.in_thread),
        "codeimportscheduler": CodeImportSchedulerResource(scheduler, imports.machine_tokens, imports.log_size),
    }
    return make_site(parts.reactor, resources)


def make_mail_host(config: Config, reactor: Reactor) -> MailHost | None:
    """Return the host that takes our mail; None while there is no address that it would be from."""
    mail = config.mail
    return MailHost(reactor, mail.smtphost, mail.smtpport, mail.fromaddress) if mail.fromaddress else None


def make_sequencer(parts: Parts) -> BuildSequencer:
    """Return the sequencer with the jobs of the conf file."""
    config, tasks = parts.config, make_tasks(parts)
    log.info("Loading jobs...")
    jobs = [make_job(parts, tasks, job) for job in config.jobs if job.command or job.task in tasks]
    log.info("Mailer targets set to:")
    for target in config.mailproblemsto:
        log.info("   ... {target}", target=target)
    return BuildSequencer(parts.reactor, jobs, make_reporter(parts).ended, config.sequencer.stop_limit)


def make_job(parts: Parts, tasks: dict[str, Task], job: JobConfig) -> BuildSequencerJob:
    """Return one job: a built-in task, or a child process."""
    task = make_command(parts, job) if job.command else tasks[job.task]
    log.info("   ...loaded {job}", job=job.name)
    return BuildSequencerJob(job.name, task, job.mindelay, job.timeout, parts.reactor.seconds())


def make_command(parts: Parts, job: JobConfig) -> Command:
    """Return the child process of a job."""
    config = parts.config
    return Command(parts.reactor, job.name, job.command, config.path, config.root, config.sequencer.output_size)


def make_reporter(parts: Parts) -> Reporter:
    """Return who tells of the ends of turns."""
    jobs = parts.config.jobs
    commands = {job.name: shlex.join(job.command) for job in jobs if job.command}
    always = frozenset(job.name for job in jobs if job.alwayslog)
    return Reporter(parts.reactor, parts.database, utc_now, parts.config.mailproblemsto, commands, always)
