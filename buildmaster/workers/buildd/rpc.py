"""The slave on the wire: XML-RPC at /rpc, files at /filecache/NAME."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.web import http
from twisted.web.pages import notFound
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request, Site
from twisted.web.static import File
from twisted.web.xmlrpc import XMLRPC, Fault

from buildmaster.workers.buildd.filecache import BUILDLOG, FileCache
from buildmaster.workers.buildd.orders import RefusedError
from buildmaster.workers.buildd.slave import BuildSlave

WRONG = 8002
P = ParamSpec("P")
T = TypeVar("T")


def make_site(slave: BuildSlave, cache: FileCache, reactor: IReactorTime) -> Site:
    """Return what a slave's port serves."""
    root = Resource()
    root.putChild(b"rpc", SlaveRPC(slave))
    root.putChild(b"filecache", Files(cache))
    return QuietSite(root, reactor=reactor)


class QuietSite(Site):
    """A site that logs no line for each request: masters ask all the time."""

    displayTracebacks = False
    noisy = False

    def log(self, request: http.Request) -> None:
        """Say nothing."""


class SlaveRPC(XMLRPC):
    """The protocol's calls. One that can't be done is a fault without details, as from a stock slave."""

    def __init__(self, slave: BuildSlave) -> None:
        super().__init__(allowNone=True)
        self._slave = slave

    def xmlrpc_echo(self, *args: object) -> list[object]:
        """Return what was sent."""
        return list(args)

    def xmlrpc_info(self) -> list[object]:
        """Return the protocol, the architecture's tag, the kinds of build."""
        return self._slave.tell()

    def xmlrpc_status(self) -> dict[str, object]:
        """Return the state, and what belongs to it."""
        return self._slave.status()

    def xmlrpc_ensurepresent(self, sha1: str, url: str, username: str, password: str) -> Deferred[list[object]]:
        """Fetch a file, unless it is here."""
        return ensureDeferred(self._slave.ensurepresent(sha1, url, username, password))

    def xmlrpc_build(
        self, cookie: str, kind: str, chroot: str, filemap: dict[str, str], args: dict[str, object]
    ) -> list[str]:
        """Begin a build."""
        return self._told(self._slave.build, cookie, kind, chroot, filemap, args)

    def xmlrpc_abort(self) -> str:
        """Stop the build."""
        return self._told(self._slave.abort)

    def xmlrpc_clean(self) -> str:
        """Forget the build that has ended."""
        return self._told(self._slave.clean)

    def _told(self, call: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        try:
            return call(*args, **named)
        except RefusedError as error:
            self._slave.log.info("refused: {error}", error=error)
            raise Fault(WRONG, "error") from None


class Files(Resource):
    """What is in the cache, by SHA-1, and the log; no listing."""

    def __init__(self, cache: FileCache) -> None:
        super().__init__()
        self._cache = cache

    def getChild(self, path: bytes, request: Request) -> IResource:
        """Return one file, with ranges."""
        found = self._cache.find(path.decode("ascii", "replace"))
        if found is None:
            return notFound()
        kind = "text/plain; charset=utf-8" if found.name == BUILDLOG else "application/octet-stream"
        file = File(str(found), defaultType=kind)
        file.isLeaf = True
        return file
