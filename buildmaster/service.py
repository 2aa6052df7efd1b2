"""Put the parts together; nothing else does."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytz
from twisted.application.internet import TCPServer
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.web.server import Site

from buildmaster.archfiles import ArchSpecificFiles, dpkg_tables
from buildmaster.child import Command
from buildmaster.collecting import Bounds, Collector
from buildmaster.config import Config, JobConfig
from buildmaster.database import Database, Transactions, make_engine
from buildmaster.disk import Disk
from buildmaster.duties import Duties
from buildmaster.election import Elected, Election
from buildmaster.errands import Errands
from buildmaster.farm.buildnotices import NoticePolicy
from buildmaster.farm.facts import Limits
from buildmaster.farm.importing import configured_policy
from buildmaster.farm.pacing import Pace
from buildmaster.folders import ACCEPTED, FAILED, FETCHING, GATHERING, INCOMING, REJECTED, make_folders
from buildmaster.intake import SourceIntake
from buildmaster.librarian import ILibrarian, open_librarian
from buildmaster.mail import MailHost
from buildmaster.model.notifying import BuildNotices
from buildmaster.notifications import NotificationListener, notify
from buildmaster.nudges import NudgeListener
from buildmaster.preparing import Preparer
from buildmaster.probing import Probes
from buildmaster.reporter import Reporter
from buildmaster.resetting import Resetter
from buildmaster.sequencer import BuildSequencer, BuildSequencerJob, Task
from buildmaster.slave import Slaves, Timeouts
from buildmaster.stall import Stall
from buildmaster.tasks.depwatch import DependencyWatch
from buildmaster.tasks.dispatcher import Dispatcher
from buildmaster.tasks.effects import Effects
from buildmaster.tasks.fetcher import Fetcher
from buildmaster.tasks.guarding import Guarded
from buildmaster.tasks.housekeeping import Ages, Housekeeping
from buildmaster.tasks.importwatch import ImportWatch
from buildmaster.tasks.mirrorindices import MirrorIndices
from buildmaster.tasks.notifier import Notifier
from buildmaster.tasks.publisher import Publisher
from buildmaster.tasks.queuebuilder import QueueBuilder
from buildmaster.tasks.scanner import Scanner
from buildmaster.tasks.uploader import Uploader
from buildmaster.upgrading import check_fits
from buildmaster.uploadcommand import UploadCommand
from buildmaster.web.bodies import BodyLimits
from buildmaster.web.files import StoredFiles
from buildmaster.web.health import Health
from buildmaster.web.importscheduler import CodeImportScheduler
from buildmaster.web.site import make_site
from buildmaster.web.uploads import Uploads
from buildmaster.web.xmlrpc import CodeImportSchedulerResource

CONCURRENT_FETCHES = 4  # sources whose files come at once
Reactor = Any  # the reactor is a dozen interfaces; each part names the ones that it needs
log = Logger()


@dataclass(frozen=True)
class Parts:
    """What the other parts are made of. ``nudge`` makes the job due at once that has the name; ``now`` is for rows."""

    config: Config
    reactor: Reactor
    database: Database
    librarian: ILibrarian
    slaves: Slaves
    disk: Disk
    nudge: Callable[[str], None]
    now: Callable[[], datetime]
    errands: Errands
    fetches: Errands
    mirrors: Errands
    election: Election

    def in_thread(
        self, work: Callable[..., Any], *args: Any
    ) -> Deferred[Any]:  # Any: whatever the work takes and gives
        """Run work that blocks, off the reactor."""
        return deferToThreadPool(self.reactor, self.reactor.getThreadPool(), work, *args)


class Daemon(MultiService):
    """All that runs; the database stops last, for the others still need it."""

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self._parts = parts

    def startService(self) -> None:
        """Start the database, then the rest; those go first who may find what came while nobody was there."""
        self._parts.database.start()
        super().startService()
        for name in (Uploader.name, Publisher.name, QueueBuilder.name):
            self._parts.nudge(name)

    async def _stop(self) -> None:
        await super().stopService()
        parts = self._parts
        limit = parts.config.sequencer.stop_limit
        await gatherResults([errands.stop(limit) for errands in (parts.errands, parts.fetches, parts.mirrors)])
        self._parts.slaves.close()
        self._parts.election.resign()
        self._parts.database.stop()

    def stopService(self) -> Deferred[None]:
        """Wait for the turn and the errands under way, then stop the database."""
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

    election = Election(transactions.engine)

    def nudge(name: str) -> None:
        sequencer.nudge(name)
        if not election.elected:
            parts.database.run(notify, (name,))

    parts = Parts(
        config,
        reactor,
        Database(reactor, transactions),
        open_librarian(config.librarian.store),
        Slaves(reactor, Timeouts(config.slaves.timeout, config.slaves.untrusted_timeout)),
        Disk(config.root, config.limits.free_space),
        nudge,
        utc_now,
        Errands(reactor, config.slaves.concurrent_errands),
        Errands(reactor, CONCURRENT_FETCHES, "source"),
        Errands(reactor, 1, "mirror"),
        election,
    )
    daemon = Daemon(parts)
    sequencer = make_sequencer(parts)
    sequencer.setName("sequencer")
    sequencer.setServiceParent(daemon)
    stall = Stall(reactor)
    web = make_web(parts, make_health(parts, sequencer, stall))
    stall.setServiceParent(daemon)
    NudgeListener(reactor, config.root, sequencer.nudge).setServiceParent(daemon)
    if not election.alone:
        listener = NotificationListener(reactor, transactions.engine, parts.in_thread, sequencer.nudge)
        listener.setServiceParent(daemon)
    TCPServer(config.web.port, web, interface=config.web.bind, reactor=reactor).setServiceParent(daemon)
    return daemon


def make_health(parts: Parts, sequencer: BuildSequencer, stall: Stall) -> Health:
    """Return the page for those who watch the daemon."""
    return Health(
        parts.reactor,
        parts.database,
        parts.disk,
        sequencer.turns,
        lambda: sequencer.late,
        lambda: stall.worst,
    )


def make_tasks(parts: Parts) -> dict[str, Task]:
    """Return the built-in tasks by their names."""
    config, database, nudge = parts.config, parts.database, parts.nudge
    tasks = [
        make_scanner(parts),
        Guarded(make_dispatcher(parts), parts.disk.check),
        make_queue_builder(parts),
        make_fetcher(parts),
        make_mirror_indices(parts),
        ImportWatch(database, parts.now, configured_policy(config.code_imports, config.mail.administrators)),
        make_uploader(parts),
        Publisher(database, parts.now, nudge),
        make_housekeeping(parts),
        Notifier(database, make_mail_host(config, parts.reactor), parts.now),
    ]
    if parts.election.alone:
        return {task.name: task for task in tasks}
    return {task.name: Elected(task, lambda: parts.in_thread(parts.election.ask)) for task in tasks}


def make_scanner(parts: Parts) -> Scanner:
    """Return the slave scanner, with those who act on what it decides."""
    slaves, limits = parts.config.slaves, parts.config.limits
    bounds = Bounds(limits.result_files, limits.result_size, limits.log_size)
    collector = Collector(parts.database, parts.librarian, parts.config.root, bounds, parts.in_thread, parts.now)
    notices = make_notices(parts.config)
    duties = Duties(parts.database, parts.slaves, collector, make_resetter(parts), notices, parts.now, parts.nudge)
    effects = Effects(parts.database, parts.errands, duties, parts.now, parts.nudge, notices)
    probes = Probes(parts.reactor, parts.slaves, lambda: parts.nudge(Scanner.name))
    patience = Limits(
        silent_scans=slaves.silent_scans,
        empty_log=limits.empty_log_limit,
        silence=limits.silence_limit,
        build=limits.build_limit,
        abort=limits.abort_limit,
    )
    pace = Pace(slaves.poll_building, slaves.poll_idle)
    return Scanner(parts.database, probes, parts.errands, collector, effects, pace, patience, parts.now, notices)


def make_notices(config: Config) -> BuildNotices:
    """Return who posts the notices about builds that failed."""
    mail = config.mail
    policy = NoticePolicy(mail.send_build_notification, mail.notify_owner, mail.administrators)
    return BuildNotices(policy, config.web.public_url)


def make_resetter(parts: Parts) -> Resetter:
    """Return who resets the virtual machines of untrusted builders."""
    config = parts.config

    def run(argv: Sequence[str]) -> Deferred[tuple[str, str]]:
        command = Command(parts.reactor, "reset", argv, config.path, config.root, config.sequencer.output_size)
        return command.run().addTimeout(config.slaves.reset_timeout, parts.reactor)

    return Resetter(config.slaves.vm_resume_command, run)


def make_dispatcher(parts: Parts) -> Dispatcher:
    """Return the dispatcher."""
    web = parts.config.web
    preparer = Preparer(parts.database, parts.now)
    notices = make_notices(parts.config)
    files_url = web.slave_url or web.public_url
    return Dispatcher(parts.database, parts.slaves, parts.errands, preparer, notices, files_url, parts.now, parts.nudge)


def make_queue_builder(parts: Parts) -> QueueBuilder:
    """Return the queue builder, with its watch over builds that wait for dependencies."""
    table, root = dpkg_tables(), parts.config.root
    watch = DependencyWatch(parts.database, parts.now, table, parts.librarian, parts.in_thread)
    files = ArchSpecificFiles(root)
    return QueueBuilder(
        parts.database, parts.now, parts.nudge, parts.config.scores.weights, table, files, watch.release
    )


def make_housekeeping(parts: Parts) -> Housekeeping:
    """Return who removes what is too old."""
    config = parts.config
    days = config.housekeeping
    leaves = {
        ACCEPTED: days.accepted_days,
        REJECTED: days.rejected_days,
        FAILED: days.failed_days,
        GATHERING: days.failed_days,
    }
    ages = Ages(leaves, days.audit_days, days.mail_days)
    return Housekeeping(config.root, parts.database, parts.librarian, parts.in_thread, parts.now, ages)


def make_fetcher(parts: Parts) -> Fetcher:
    """Return the fetcher of the files of imported sources."""
    folder = parts.config.root / FETCHING
    return Fetcher(parts.database, parts.librarian, parts.fetches, parts.in_thread, parts.now, parts.nudge, folder)


def make_mirror_indices(parts: Parts) -> MirrorIndices:
    """Return the reader of mirrors."""
    folder = parts.config.root / FETCHING
    return MirrorIndices(
        parts.database, parts.librarian, parts.mirrors, parts.in_thread, parts.now, parts.nudge, folder
    )


def make_uploader(parts: Parts) -> Uploader:
    """Return the uploader, with the program that takes in results where there is one."""
    root, uploader = parts.config.root, parts.config.uploader
    command = UploadCommand(root, uploader.command, uploader.timeout) if uploader.command else None
    tell = make_notices(parts.config)
    return Uploader(root, parts.database, parts.librarian, parts.in_thread, parts.now, parts.nudge, command, tell)


def make_web(parts: Parts, health: Health) -> Site:
    """Return the web site."""
    imports = parts.config.code_imports
    policy = configured_policy(imports, parts.config.mail.administrators)
    scheduler = CodeImportScheduler(parts.database, parts.librarian, parts.in_thread, policy, parts.now)
    resources = {
        "healthz": health,
        "files": StoredFiles(parts.database, parts.librarian, parts.in_thread, utc_now),
        "upload": make_uploads(parts),
        "codeimportscheduler": CodeImportSchedulerResource(scheduler, imports.machine_tokens, imports.log_size),
    }
    sizes = parts.config.limits
    longest = max(sizes.request_size, 2 * imports.log_size)  # an import's worker sends its log with its result
    limits = BodyLimits(sizes.upload_size, longest, parts.config.root / INCOMING)
    return make_site(parts.reactor, resources, limits)


def make_uploads(parts: Parts) -> Uploads:
    """Return the taker of uploads."""
    intake = SourceIntake(parts.database, parts.librarian, parts.in_thread, parts.now)
    return Uploads(parts.config.root, parts.database, intake, parts.in_thread, parts.now, parts.nudge)


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
    return Reporter(parts.reactor, parts.database, parts.now, parts.config.mailproblemsto, commands, always)
