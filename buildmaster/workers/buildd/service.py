"""Put slaves together: one, or hundreds on neighbouring ports in one process."""

import os
import pwd
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from twisted.application.internet import TCPServer
from twisted.application.service import MultiService, Service
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.logger import Logger

from buildmaster.workers.buildd.backends import host, sbuild
from buildmaster.workers.buildd.backends.sleep import SleepWay
from buildmaster.workers.buildd.fetching import Fetcher, make_agent
from buildmaster.workers.buildd.filecache import FileCache
from buildmaster.workers.buildd.job import Way
from buildmaster.workers.buildd.leftovers import kill_marked
from buildmaster.workers.buildd.rpc import make_site
from buildmaster.workers.buildd.slave import BuildSlave
from buildmaster.workers.buildd.workbench import ENVIRONMENT
from buildmaster.workers.reactor import IReactor

PROGRAMS: dict[str, dict[str, str]] = {"host": host.PROGRAMS, "sbuild": sbuild.PROGRAMS, "sleep": {}}
WAYS = tuple(PROGRAMS)
PATH = ENVIRONMENT["PATH"]
SBUILD_USER = "buildd"


class SettingsError(Exception):
    """A setting of the slave can't be used; the message says which."""


@dataclass(frozen=True)
class Settings:
    """What a slave is told at its start; ``count`` slaves get the ports from ``port`` on."""

    way: str = "host"
    port: int = 8221
    folder: Path = Path("/var/lib/buildmaster-buildd")
    arch: str = "amd64"
    count: int = 1
    bind: str = "127.0.0.1"


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Read BUILDD_WAY, BUILDD_PORT and so on, one for each setting; what is absent has its default.

    SettingsError tells all that is wrong.
    """
    names = {key: f"BUILDD_{key.upper()}" for key in Settings.__dataclass_fields__}
    said = {key: environment[name] for key, name in names.items() if name in environment}
    wrong = [
        f"{names[key]}: not a number: {said[key]}" for key in ("port", "count") if not said.get(key, "1").isdecimal()
    ]
    if said.get("way", "host") not in WAYS:
        wrong.append(f"{names['way']}: {said['way']} is none of {', '.join(WAYS)}")
    if wrong:
        raise SettingsError("; ".join(wrong))
    kinds = {"port": int, "count": int, "folder": Path}
    return Settings(**{key: kinds.get(key, str)(value) for key, value in said.items()})


def check_machine(settings: Settings) -> None:
    """Raise SettingsError when this machine can't build in the way that is wanted, with the commands that mend it."""
    needed = PROGRAMS[settings.way]
    packages = {package for program, package in needed.items() if not shutil.which(program, path=PATH)}
    wrong = [f"programs are missing: apt install {' '.join(sorted(packages))}"] if packages else []
    if settings.way == "sbuild" and os.geteuid() == 0:
        wrong += sbuild.obstacles(settings.folder.absolute(), SBUILD_USER)
    if wrong:
        raise SettingsError(f"this machine can't build by way of {settings.way}: {'; '.join(wrong)}")


def make_service(settings: Settings, reactor: IReactor) -> MultiService:
    """Return the slaves as one service; each has a folder of its own, named by its port."""
    service = MultiService()
    agent = make_agent(reactor)
    way = make_way(settings, reactor)
    for port in range(settings.port, settings.port + settings.count):
        cache = FileCache(settings.folder.absolute() / str(port))
        slave = BuildSlave(reactor, settings.arch, way, cache, Fetcher(reactor, agent, cache))
        site = make_site(slave, cache, reactor)
        SlavePort(port, site, interface=settings.bind, reactor=reactor).setServiceParent(service)
        SlaveService(settings.way, slave, cache).setServiceParent(service)
    return service


def make_way(settings: Settings, reactor: IReactor) -> Way:
    """Return the way to build that the settings name. Root becomes the user "buildd" for sbuild."""
    if settings.way == "sleep":
        return SleepWay(reactor)
    if settings.way == "host":
        return host.HostWay()
    root = os.geteuid() == 0
    user = SBUILD_USER if root else pwd.getpwuid(os.geteuid()).pw_name
    return sbuild.SbuildWay(settings.folder.absolute() / "chroots", user, root)


class SlavePort(TCPServer):
    """A slave's port; one that is taken ends the program with a line that says so."""

    def privilegedStartService(self) -> None:
        """Listen."""
        try:
            super().privilegedStartService()
        except CannotListenError as error:
            sys.exit(str(error))


class SlaveService(Service):
    """A slave's beginning and end: what an earlier life left is removed, what runs is stopped."""

    log = Logger()

    def __init__(self, way: str, slave: BuildSlave, cache: FileCache) -> None:
        self._way = way
        self._slave = slave
        self._cache = cache

    def startService(self) -> None:
        """Clear up, and say what this is."""
        super().startService()
        if self._way != "sleep":
            kill_marked(self._cache.folder)
        self._cache.prepare()
        self.log.info("Build slave in {folder}; it builds by way of {way}.", folder=self._cache.folder, way=self._way)

    def stopService(self) -> Deferred[None] | None:
        """Stop the build, and wait until it is gone."""
        super().stopService()
        return self._slave.stop()
