"""Put the parts of the import worker together."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ParamSpec, TypeVar  # Any: what JSON holds

from twisted.application.internet import StreamServerEndpointService
from twisted.application.service import MultiService
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.interfaces import IListeningPort
from twisted.internet.threads import deferToThreadPool

from buildmaster.workers.codeimports.fence import Fence, system_lookup
from buildmaster.workers.codeimports.job import Parts, Settings
from buildmaster.workers.codeimports.proxy import ProxyFactory, way_through
from buildmaster.workers.codeimports.running import Limits
from buildmaster.workers.codeimports.scheduler import Scheduler
from buildmaster.workers.codeimports.worker import ImportWorker
from buildmaster.workers.reactor import IReactor

VARIABLE = "BUILDMASTER_IMPORT_WORKER"  # of the environment: the settings, as JSON
P = ParamSpec("P")
T = TypeVar("T")


class ProxyService(StreamServerEndpointService):
    """The proxy on some free port of the loopback."""

    port = 0
    _waitingForPort: Deferred[IListeningPort]

    def startService(self) -> None:
        """Listen."""
        super().startService()
        self._waitingForPort.addCallback(self._note)

    def _note(self, listening: IListeningPort) -> IListeningPort:
        host = listening.getHost()
        if isinstance(host, IPv4Address):
            self.port = host.port
        return listening


def make_worker(text: str, reactor: IReactor) -> MultiService:
    """Return the worker of these settings (JSON), not started."""
    told: Mapping[str, Any] = json.loads(text)

    def in_thread(work: Callable[P, T], *args: P.args, **named: P.kwargs) -> Deferred[T]:
        return deferToThreadPool(reactor, reactor.getThreadPool(), work, *args, **named)

    fence = Fence(told["networks"], system_lookup)
    endpoint = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
    proxy = ProxyService(endpoint, ProxyFactory(way_through(reactor, in_thread, fence)))
    scheduler = Scheduler(told["url"], told["hostname"])
    parts = Parts(reactor, in_thread, scheduler, fence, settings_of(told), lambda: proxy.port)
    worker = ImportWorker(parts, reactor.stop if told["once"] else None)
    both = MultiService()
    proxy.setServiceParent(both)
    worker.setServiceParent(both)
    return both


def settings_of(told: Mapping[str, Any]) -> Settings:
    """Return the settings as the worker knows them."""
    limits = Limits(told["silence"], told["time"], told["memory"], told["disk"])
    schemes = frozenset(told["schemes"])
    return Settings(Path(told["store"]), schemes, limits, told["poll"], told["heartbeat"], told["log_size"])
