"""Put the parts together."""

import shlex

from twisted.application.internet import TCPServer
from twisted.application.service import MultiService, Service
from twisted.internet.defer import Deferred, gatherResults
from twisted.logger import Logger
from twisted.web.server import Site

from buildmaster.daemon.config.settings import Config, JobConfig
from buildmaster.daemon.notify import NotificationListener
from buildmaster.daemon.nudges import NudgeListener
from buildmaster.daemon.parts import Parts, Reactor, make_parts, utc_now
from buildmaster.daemon.reporter import Reporter, Told, Troubles
from buildmaster.daemon.stalls import Stall, spare
from buildmaster.daemon.tasksetup import make_tasks, rest_of
from buildmaster.daemon.waking import notify
from buildmaster.farm.codeimports.jobs import configured_policy
from buildmaster.files.layout import INCOMING, make_folders
from buildmaster.tasks.publisher import Publisher
from buildmaster.tasks.queuebuilder.turn import QueueBuilder
from buildmaster.tasks.uploader.turn import Uploader
from buildmaster.web.bodies import BodyLimits
from buildmaster.web.codeimports.listings import import_resources
from buildmaster.web.codeimports.scheduler import CodeImportScheduler
from buildmaster.web.files import StoredFiles
from buildmaster.web.health import Health, Signs
from buildmaster.web.site import make_site
from buildmaster.web.uploads import Uploads
from buildmaster.work.child import Command
from buildmaster.work.schema import check_fits
from buildmaster.work.sequencer import BuildSequencer, BuildSequencerJob, JobTimes, Task
from buildmaster.work.transactions import Transactions, make_engine

log = Logger()


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
        spare()

    async def _stop(self) -> None:
        await super().stopService()
        parts = self._parts
        limit = parts.config.sequencer.stop_limit
        everybody = (parts.errands, parts.fetches, parts.mirrors, parts.uploads)
        await gatherResults([errands.stop(limit) for errands in everybody])
        parts.slaves.close()
        parts.election.resign()
        parts.database.stop()

    def stopService(self) -> Deferred[None]:
        """Wait for the turn and the errands under way, then stop the database."""
        return Deferred.fromCoroutine(self._stop())


def make_service(config: Config, reactor: Reactor, troubles: Troubles | None = None) -> MultiService:
    """Return the whole daemon, not started; raise SchemaMismatchError unless the database fits the code.

    ``troubles`` are of jobs that failed when the daemon was made of other settings.
    """
    transactions = Transactions(make_engine(config.database.url))
    check_fits(transactions.engine)
    transactions.engine.dispose()  # no connection outlives the fork of a process that becomes a daemon
    make_folders(config.root)

    def nudge(name: str) -> None:
        sequencer.nudge(name)
        if not parts.election.elected:
            parts.database.run(notify, (name,))

    parts = make_parts(config, reactor, transactions, nudge, troubles)
    sequencer = make_sequencer(parts)
    daemon = Daemon(parts)
    for part in (sequencer, *make_ears(parts, transactions, sequencer), *make_web_parts(parts, sequencer)):
        part.setServiceParent(daemon)
    return daemon


def make_ears(parts: Parts, transactions: Transactions, sequencer: BuildSequencer) -> tuple[Service, ...]:
    """Return what hears of nudges from other processes: through a socket, and through PostgreSQL."""
    socket = NudgeListener(parts.reactor, parts.config.root, sequencer.nudge)
    if parts.election.alone:
        return (socket,)
    return socket, NotificationListener(parts.reactor, transactions.engine, parts.in_thread, sequencer.nudge)


def make_web_parts(parts: Parts, sequencer: BuildSequencer) -> tuple[Service, ...]:
    """Return the web site's port, and what measures how long the reactor is held up."""
    web, stall = parts.config.web, Stall(parts.reactor)
    site = make_web(parts, make_health(parts, sequencer, stall))
    return stall, TCPServer(web.port, site, interface=web.bind, reactor=parts.reactor)


def make_sequencer(parts: Parts) -> BuildSequencer:
    """Return the sequencer with the jobs of the conf file."""
    config, tasks = parts.config, make_tasks(parts)
    log.info("Loading jobs...")
    jobs = [make_job(parts, tasks, job) for job in config.jobs]
    log.info("Mailer targets set to:")
    for target in config.mailproblemsto:
        log.info("   ... {target}", target=target)
    sequencer = BuildSequencer(parts.reactor, jobs, make_reporter(parts).ended, config.sequencer.stop_limit)
    sequencer.setName("sequencer")
    return sequencer


def make_job(parts: Parts, tasks: dict[str, Task], job: JobConfig) -> BuildSequencerJob:
    """Return one job: a built-in task, or a child process."""
    task = make_command(parts, job) if job.command else tasks[job.task]
    log.info("   ...loaded {job}", job=job.name)
    times = JobTimes(job.mindelay, job.timeout, rest_of(task))
    return BuildSequencerJob(job.name, task, times, parts.reactor.seconds())


def make_command(parts: Parts, job: JobConfig) -> Command:
    """Return the child process of a job."""
    return Command(parts.reactor, job.name, job.command, parts.surroundings)


def make_reporter(parts: Parts) -> Reporter:
    """Return who tells of the ends of turns."""
    jobs = parts.config.jobs
    commands = {job.name: shlex.join(job.command) for job in jobs if job.command}
    always = frozenset(job.name for job in jobs if job.alwayslog)
    told = Told(tuple(parts.config.mailproblemsto), commands, always)
    return Reporter(parts.reactor, parts.database, parts.now, told, parts.troubles)


def make_health(parts: Parts, sequencer: BuildSequencer, stall: Stall) -> Health:
    """Return the page for those who watch the daemon."""
    signs = Signs(sequencer.turns, lambda: sequencer.late, stall, parts.troubles)
    return Health(parts.reactor, parts.database, parts.disk, signs)


def make_web(parts: Parts, health: Health) -> Site:
    """Return the web site."""
    imports = parts.config.code_imports
    policy = configured_policy(imports, parts.config.mail.administrators)
    scheduler = CodeImportScheduler(parts.database, parts.librarian, parts.in_thread, policy, parts.now)
    resources = {
        "healthz": health,
        "files": StoredFiles(parts.database, parts.librarian, parts.in_thread, utc_now),
        "upload": make_uploads(parts),
        **import_resources(scheduler, imports, parts.database, parts.config.web.public_url),
    }
    sizes = parts.config.limits
    longest = max(sizes.request_size, 2 * imports.log_size)  # an import's worker sends its log with its result
    limits = BodyLimits(sizes.upload_size, longest, parts.config.root / INCOMING)
    return make_site(parts.reactor, resources, limits)


def make_uploads(parts: Parts) -> Uploads:
    """Return the taker of uploads."""
    return Uploads(parts.context, parts.config.root)
