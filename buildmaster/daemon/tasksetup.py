"""Make the built-in tasks, each with what it needs."""

from collections.abc import Sequence

from twisted.internet.defer import Deferred

from buildmaster.daemon.config.settings import Config
from buildmaster.daemon.masters import Elected
from buildmaster.daemon.parts import Parts, Reactor
from buildmaster.farm.builders.facts import Limits
from buildmaster.farm.builders.pacing import Pace
from buildmaster.farm.codeimports.jobs import configured_policy
from buildmaster.farm.turns import LEAST_PAUSE
from buildmaster.files.archspecific import ArchSpecificFiles
from buildmaster.files.dpkgtables import dpkg_tables
from buildmaster.files.layout import ACCEPTED, FAILED, FETCHING, REJECTED
from buildmaster.tasks.dispatcher.turn import Dispatcher
from buildmaster.tasks.housekeeping import Ages, Housekeeping
from buildmaster.tasks.importwatch import ImportWatch
from buildmaster.tasks.installability import Installability
from buildmaster.tasks.mirrorindices import MirrorIndices
from buildmaster.tasks.notifier import MailHost, Notifier
from buildmaster.tasks.publisher import Publisher
from buildmaster.tasks.queuebuilder.depwatch import DependencyWatch
from buildmaster.tasks.queuebuilder.turn import QueueBuilder
from buildmaster.tasks.scanner.beliefs import Beliefs
from buildmaster.tasks.scanner.calls import TurnCalls
from buildmaster.tasks.scanner.deciding import Deciding
from buildmaster.tasks.scanner.effects import Effects
from buildmaster.tasks.scanner.fetching import Bounds, ResultFetcher
from buildmaster.tasks.scanner.landing import FetchFolders
from buildmaster.tasks.scanner.resetting import Resetter
from buildmaster.tasks.scanner.round import Round
from buildmaster.tasks.scanner.slaveerrands import SlaveErrands
from buildmaster.tasks.scanner.timetable import Paces, Timetable
from buildmaster.tasks.scanner.turn import Scanner
from buildmaster.tasks.sourcefetcher import SourceFetcher
from buildmaster.tasks.uploader.command import UploadCommand
from buildmaster.tasks.uploader.drops import Drops
from buildmaster.tasks.uploader.results import ResultRecorder
from buildmaster.tasks.uploader.turn import Uploader
from buildmaster.work.child import Command
from buildmaster.work.guarding import Guarded
from buildmaster.work.sequencer import Task
from buildmaster.work.sourceintake import SourceIntake

RESTS = {Uploader.name: 0.2}  # seconds: results come all the time, and many at once cost less


def make_tasks(parts: Parts) -> dict[str, Task]:
    """Return the built-in tasks by their names."""
    config, context = parts.config, parts.context
    tasks = [
        make_scanner(parts),
        Guarded(make_dispatcher(parts), parts.disk.check),
        make_queue_builder(parts),
        SourceFetcher(context, parts.fetches, config.root / FETCHING),
        MirrorIndices(context, parts.mirrors, config.root / FETCHING),
        Installability(context, parts.mirrors),
        ImportWatch(context, configured_policy(config.code_imports, config.mail.administrators)),
        make_uploader(parts),
        Publisher(context),
        make_housekeeping(parts),
        Notifier(context, make_mail_host(config, parts.reactor)),
    ]
    if parts.election.alone:
        return {task.name: task for task in tasks}
    return {task.name: Elected(task, lambda: parts.in_thread(parts.election.ask)) for task in tasks}


def rest_of(task: Task) -> float:
    """Return the seconds that a job rests which is called for all the time."""
    return RESTS.get(task.name, LEAST_PAUSE)


def make_scanner(parts: Parts) -> Scanner:
    """Return the slave scanner, with those who act on what it decides."""
    context, clock, root = parts.context, parts.reactor, parts.config.root
    calls = TurnCalls(clock, lambda: parts.nudge(Scanner.name))
    paces = Paces(Pace(parts.config.slaves.poll_building, parts.config.slaves.poll_idle), parts.now)
    questions = Round(clock, parts.slaves, Timetable(clock, paces), calls)
    effects = Effects(context, clock, parts.errands, make_slave_errands(parts))
    deciding = Deciding(context, clock, make_limits(parts.config))
    return Scanner(Beliefs(context, clock, root), questions, parts.errands, deciding, effects)


def make_slave_errands(parts: Parts) -> SlaveErrands:
    """Return who goes on the scanner's errands to slaves."""
    limits = parts.config.limits
    bounds = Bounds(limits.result_files, limits.result_size, limits.log_size)
    folders = FetchFolders(parts.config.root, parts.librarian, parts.now)
    fetcher = ResultFetcher(parts.context, folders, bounds)
    return SlaveErrands(parts.context, parts.slaves, parts.errands, fetcher, make_resetter(parts))


def make_limits(config: Config) -> Limits:
    """Return how long what may last on builders."""
    limits = config.limits
    return Limits(
        silent_scans=config.slaves.silent_scans,
        empty_log=limits.empty_log_limit,
        silence=limits.silence_limit,
        build=limits.build_limit,
        abort=limits.abort_limit,
    )


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
    return Dispatcher(parts.context, parts.slaves, parts.errands, web.slave_url or web.public_url)


def make_queue_builder(parts: Parts) -> QueueBuilder:
    """Return the queue builder, with its watch over builds that wait for dependencies."""
    config, table = parts.config, dpkg_tables()
    watch = DependencyWatch(parts.context, table)
    return QueueBuilder(parts.context, config.scores.weights, table, ArchSpecificFiles(config.root), watch.release)


def make_housekeeping(parts: Parts) -> Housekeeping:
    """Return who removes what is too old."""
    days = parts.config.housekeeping
    leaves = {
        ACCEPTED: days.accepted_days,
        REJECTED: days.rejected_days,
        FAILED: days.failed_days,
    }
    return Housekeeping(parts.context, parts.config.root, Ages(leaves, days.audit_days, days.mail_days))


def make_uploader(parts: Parts) -> Uploader:
    """Return the uploader, with those who take in results and drops; a program does too, where there is one."""
    context, root, uploader = parts.context, parts.config.root, parts.config.uploader
    command = UploadCommand(root, uploader.command, uploader.timeout) if uploader.command else None
    drops = Drops(context, SourceIntake(context))
    return Uploader(context, root, parts.uploads, ResultRecorder(context, root, command), drops)


def make_mail_host(config: Config, reactor: Reactor) -> MailHost | None:
    """Return the host that takes our mail; None while there is no address that it would be from."""
    mail = config.mail
    return MailHost(reactor, mail.smtphost, mail.smtpport, mail.fromaddress) if mail.fromaddress else None
