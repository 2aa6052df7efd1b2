"""What the parts of the daemon are made of."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ParamSpec, TypeVar

import pytz
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool

from buildmaster.daemon.config.settings import Config
from buildmaster.daemon.masters import Election
from buildmaster.daemon.reporter import Troubles
from buildmaster.farm.notices.builds import NoticePolicy
from buildmaster.files.disk import Disk
from buildmaster.files.librarian import ILibrarian, open_librarian
from buildmaster.model.notices.builds import BuildNotices
from buildmaster.slave.client import Slaves, Timeouts
from buildmaster.work.child import Surroundings
from buildmaster.work.database import Database
from buildmaster.work.errands import Errands
from buildmaster.work.taskcontext import TaskContext
from buildmaster.work.transactions import Transactions

P = ParamSpec("P")
T = TypeVar("T")
CONCURRENT_FETCHES = 4  # sources whose files come at once
Reactor = Any  # the reactor is a dozen interfaces; each part names the ones that it needs


@dataclass(frozen=True)
class Parts:
    """What the other parts are made of.

    ``nudge`` makes the job due at once that has the name; ``now`` is for rows. ``troubles`` are of the jobs that fail.
    """

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
    uploads: Errands
    election: Election
    troubles: Troubles

    @property
    def context(self) -> TaskContext:
        """What nearly every task needs."""
        notices = make_notices(self.config)
        return TaskContext(self.database, self.librarian, self.in_thread, self.now, self.nudge, notices)

    @property
    def surroundings(self) -> Surroundings:
        """What commands are run in."""
        config = self.config
        return Surroundings(config.path, config.root, config.sequencer.output_size)

    def in_thread(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> Deferred[T]:
        """Run work that blocks, off the reactor."""
        return deferToThreadPool(self.reactor, self.reactor.getThreadPool(), work, *args, **named)


def make_notices(config: Config) -> BuildNotices:
    """Return who posts the notices about builds and builders that failed."""
    mail = config.mail
    policy = NoticePolicy(mail.send_build_notification, mail.notify_owner, mail.administrators)
    return BuildNotices(policy, config.web.public_url)


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(tz=pytz.UTC)


def make_parts(
    config: Config,
    reactor: Reactor,
    transactions: Transactions,
    nudge: Callable[[str], None],
    troubles: Troubles | None = None,
) -> Parts:
    """Return them, none of which has begun anything."""
    return Parts(
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
        Errands(reactor, 1, "upload"),
        Election(transactions.engine),
        {} if troubles is None else troubles,
    )
