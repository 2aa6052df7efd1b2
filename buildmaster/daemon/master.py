"""Run the parts that the conf file describes, and put new ones in their place when it changes."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.application.service import MultiService, Service
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.error import CannotListenError
from twisted.logger import ILogObserver, Logger, textFileLogObserver
from twisted.python.logfile import LogFile

from buildmaster.daemon.config.reading import ConfigError, find, load
from buildmaster.daemon.config.settings import Config
from buildmaster.daemon.masters import Mastership
from buildmaster.daemon.reporter import Troubles
from buildmaster.daemon.service import make_service
from buildmaster.daemon.signals import Signals
from buildmaster.daemon.systemd import Systemd
from buildmaster.errors import BuildmasterError
from buildmaster.work.transactions import sqlite_file

Reactor = Any  # the reactor is a dozen interfaces; each part names the ones that it needs


def attach_daemon(application: Any, reactor: Reactor, path: Path | None) -> None:  # Any: a Componentized MultiService
    """Attach the daemon of the conf file at ``path`` to twistd's application, or say in a line why it can't be."""
    reactor.seconds = time.monotonic  # a clock that is set moves no turn and no timeout
    try:
        master = Master(reactor, find(path))
    except (BuildmasterError, OSError) as error:
        sys.exit(str(error))
    logfile = open_log(master.config)
    if logfile is not None:
        application.setComponent(
            ILogObserver,
            textFileLogObserver(logfile),  # type: ignore[arg-type]  # the observer writes and flushes, and no more
        )
    deeds: dict[signal.Signals, Callable[[], object]] = {
        signal.SIGHUP: master.reload,
        signal.SIGUSR1: logfile.reopen if logfile else reopen_nothing,
    }
    for part in (Signals(reactor, deeds), master, Systemd(reactor, os.environ, master.well)):
        part.setServiceParent(application)


def open_log(config: Config) -> LogFile | None:
    """Return the log that the conf file names, never rotated by us; None for the one that twistd keeps."""
    name = config.sequencer.logfile
    return LogFile.fromFullPath(name, rotateLength=None) if name else None


def reopen_nothing() -> None:
    """Say that there is no log of ours to be opened again."""
    Logger(__name__).info("there is no logfile to reopen: [sequencer] logfile names none")


def take_mastership(config: Config) -> Mastership | None:
    """Become the only master of the database, where it is SQLite."""
    file = sqlite_file(config.database.url)
    if file is None:
        return None
    mastership = Mastership(file)
    mastership.take()
    return mastership


class Master(Service):
    """Holds the parts that run now, made of ``config``."""

    log = Logger()

    def __init__(self, reactor: Reactor, path: Path) -> None:
        self._reactor = reactor
        self._path = path
        self._changing = DeferredLock()
        self.config = load(path)
        self._mastership = take_mastership(self.config)
        self._troubles: Troubles = {}
        self._parts = self._made_of(self.config)

    def _made_of(self, config: Config) -> MultiService:
        return make_service(config, self._reactor, self._troubles)

    def startService(self) -> None:
        """Start the parts."""
        super().startService()
        if self._mastership is not None:
            self._mastership.sign()
        try:
            self._parts.startService()
        except CannotListenError as error:
            sys.exit(f"[web] of {self._path}: {error}")

    def stopService(self) -> Deferred[None]:
        """Stop the parts, after the turn under way."""
        super().stopService()
        return self._changing.run(self._stop_parts)

    def _stop_parts(self) -> Deferred[None]:
        stopped: Deferred[None] = self._parts.stopService()
        return stopped

    def reload(self) -> Deferred[None]:
        """Read the conf file again; a broken one is refused with its mistakes, and the old settings stay."""
        return self._changing.run(lambda: Deferred.fromCoroutine(self._reload()))

    async def _reload(self) -> None:
        if not self.running:
            return
        try:
            config = self._checked(load(self._path))
            parts = self._made_of(config)
        except (BuildmasterError, OSError) as error:
            self._refuse(error)
            return
        await self._parts.stopService()
        self._parts = parts
        try:
            self._parts.startService()
        except CannotListenError as error:
            self._refuse(error)
            await self._go_back()
            return
        self.config = config
        self.log.info("{path} was read again", path=str(self._path))

    def _checked(self, config: Config) -> Config:
        if config.database.url != self.config.database.url:
            raise BuildmasterError("another database takes a restart")
        return config

    async def _go_back(self) -> None:
        await self._parts.stopService()
        self._parts = self._made_of(self.config)
        self._parts.startService()

    def _refuse(self, error: Exception) -> None:
        for mistake in error.mistakes if isinstance(error, ConfigError) else [str(error)]:
            self.log.error("{mistake}", mistake=mistake)
        self.log.error("{path} is refused; the old settings stay", path=str(self._path))

    def well(self) -> bool:
        """Tell whether turns end in time."""
        return not self._parts.getServiceNamed("sequencer").late
