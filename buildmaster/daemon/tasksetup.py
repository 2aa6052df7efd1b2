"""Make the built-in tasks, each with what it needs."""

from collections.abc import Sequence
from functools import partial

from twisted.internet.defer import Deferred

from buildmaster.daemon.config.settings import Config
from buildmaster.daemon.masters import Elected
from buildmaster.daemon.parts import Parts, Reactor
from buildmaster.farm.builders.facts import Limits
from buildmaster.farm.builders.pacing import Pace
from buildmaster.farm.codeimports.jobs import configured_policy
from buildmaster.farm.notices.builds import NoticePolicy
from buildmaster.farm.turns import LEAST_PAUSE
from buildmaster.files.archspecific import ArchSpecificFiles
from buildmaster.files.dpkgtables import dpkg_tables
from buildmaster.files.layout import ACCEPTED, FAILED, FETCHING, REJECTED
from buildmaster.files.uploadfolders import landed_cookies
from buildmaster.model.notices.builds import BuildNotices
from buildmaster.tasks.dispatcher.sending import Preparer
from buildmaster.tasks.dispatcher.turn import Dispatcher
from buildmaster.tasks.housekeeping import Ages, Housekeeping
from buildmaster.tasks.importwatch import ImportWatch
from buildmaster.tasks.installability import Installability
from buildmaster.tasks.mirrorindices import MirrorIndices
from buildmaster.tasks.notifier import MailHost, Notifier
from buildmaster.tasks.publisher import Publisher
from buildmaster.tasks.queuebuilder.depwatch import DependencyWatch
from buildmaster.tasks.queuebuilder.turn import QueueBuilder
from buildmaster.tasks.scanner.asking import Asking
from buildmaster.tasks.scanner.deciding import Deciding
from buildmaster.tasks.scanner.effects import Effects
from buildmaster.tasks.scanner.fetching import Bounds, Collector
from buildmaster.tasks.scanner.landing import GatheringFolders
from buildmaster.tasks.scanner.probes import Probes
from buildmaster.tasks.scanner.resetting import Resetter
from buildmaster.tasks.scanner.silences import Silences
from buildmaster.tasks.scanner.slaveerrands import Duties
from buildmaster.tasks.scanner.turn import Scanner
from buildmaster.tasks.sourcefetcher import Fetcher
from buildmaster.tasks.uploader.command import UploadCommand
from buildmaster.tasks.uploader.drops import Drops
from buildmaster.tasks.uploader.results import ResultIntake, Surroundings
from buildmaster.tasks.uploader.turn import Uploader
from buildmaster.work.child import Command
from buildmaster.work.guarding import Guarded
from buildmaster.work.sequencer import Task
from buildmaster.work.sourceintake import SourceIntake

RESTS = {Uploader.name: 0.2}  # seconds: results come all the time, and many at once cost less


def make_tasks(parts: Parts) -> dict[str, Task]:
    """Return the built-in tasks by their names."""
    config, database, nudge = parts.config, parts.database, parts.nudge
    tasks = [
        make_scanner(parts),
        Guarded(make_dispatcher(parts), parts.disk.check),
        make_queue_builder(parts),
        make_fetcher(parts),
        make_mirror_indices(parts),
        Installability(parts.database, parts.librarian, parts.mirrors, parts.in_thread, parts.nudge),
        ImportWatch(database, parts.now, configured_policy(config.code_imports, config.mail.administrators)),
        make_uploader(parts),
        Publisher(database, parts.now, nudge),
        make_housekeeping(parts),
        Notifier(database, make_mail_host(config, parts.reactor), parts.now),
    ]
    if parts.election.alone:
        return {task.name: task for task in tasks}
    return {task.name: Elected(task, lambda: parts.in_thread(parts.election.ask)) for task in tasks}


def rest_of(task: Task) -> float:
    """Return the seconds that a job rests which is called for all the time."""
    return RESTS.get(task.name, LEAST_PAUSE)


def make_scanner(parts: Parts) -> Scanner:
    """Return the slave scanner, with those who act on what it decides."""
    limits = parts.config.limits
    bounds = Bounds(limits.result_files, limits.result_size, limits.log_size)
    folders = GatheringFolders(parts.config.root, parts.librarian, parts.now)
    collector = Collector(parts.database, folders, bounds, parts.in_thread, parts.now)
    notices = make_notices(parts.config)
    resetter = make_resetter(parts)
    duties = Duties(parts.database, parts.slaves, parts.errands, collector, resetter, notices, parts.now, parts.nudge)
    effects = Effects(parts.reactor, parts.database, parts.errands, duties, parts.now, parts.nudge, notices)
    probes = Probes(parts.reactor, parts.slaves, lambda: parts.nudge(Scanner.name))
    pace = Pace(parts.config.slaves.poll_building, parts.config.slaves.poll_idle)
    asking = Asking(parts.reactor, probes, pace, parts.now)
    landings = partial(parts.in_thread, landed_cookies, parts.config.root)
    deciding = make_deciding(parts, notices)
    return Scanner(parts.reactor, parts.database, asking, parts.errands, deciding, effects, landings)


def make_deciding(parts: Parts, notices: BuildNotices) -> Deciding:
    """Return who decides for the scanner."""
    limits = parts.config.limits
    patience = Limits(
        silent_scans=parts.config.slaves.silent_scans,
        empty_log=limits.empty_log_limit,
        silence=limits.silence_limit,
        build=limits.build_limit,
        abort=limits.abort_limit,
    )
    return Deciding(parts.reactor, parts.database, Silences(parts.database, notices), patience, parts.now)


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
    """Return the uploader, with those who take in results and drops; a program does too, where there is one."""
    root, uploader = parts.config.root, parts.config.uploader
    around = Surroundings(root, parts.database, parts.librarian, parts.in_thread, parts.now, parts.nudge)
    command = UploadCommand(root, uploader.command, uploader.timeout) if uploader.command else None
    results = ResultIntake(around, command, make_notices(parts.config))
    sources = SourceIntake(parts.database, parts.librarian, parts.in_thread, parts.now)
    return Uploader(around, parts.uploads, results, Drops(parts.database, sources, parts.in_thread))


def make_mail_host(config: Config, reactor: Reactor) -> MailHost | None:
    """Return the host that takes our mail; None while there is no address that it would be from."""
    mail = config.mail
    return MailHost(reactor, mail.smtphost, mail.smtpport, mail.fromaddress) if mail.fromaddress else None
