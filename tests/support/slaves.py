"""Slaves in memory: they do what the real one was seen to do, its traps included, and misbehave when told to."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from xmlrpc.client import Binary, Fault

from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.protocol import Factory, Protocol
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site
from twisted.web.xmlrpc import XMLRPC

from buildmaster.farm.builders.states import BuilderStatus, SlaveVerdict
from tests.support.network import SILENT

ERROR = Fault(8002, "error")  # what any exception inside a slave comes out as
NEEDED = {"series", "suite", "ogrecomponent", "distribution"}  # of the args to build
S = BuilderStatus
V = SlaveVerdict


@dataclass(frozen=True)
class Started:
    """A build that a slave was given."""

    cookie: str
    kind: str
    chroot: str
    filemap: Mapping[str, str]
    args: Mapping[str, object]


@dataclass(frozen=True)
class Ending:
    """How builds go: ``duration`` is None for those that end when they are told to, ``files`` may depend on the build."""

    verdict: SlaveVerdict = V.OK
    duration: float | None = 10.0
    files: Mapping[str, bytes] | Callable[[Started], Mapping[str, bytes]] = field(default_factory=dict)
    log: bytes = b"dpkg-buildpackage\n"
    dependencies: str = ""


class SlaveDouble:
    """A slave: its state, what it has, and what it was asked (``calls``).

    A ``build()`` that it refuses while it isn't IDLE still changes its cookie and empties its log; one that lacks an argument
    leaves it BUILDING for ever. Where not ``abortable``, an abort waits for the build's own end. Each ``fetching`` of a file
    takes that many seconds, and holds up all other calls; each answer takes ``slowness`` seconds.
    """

    def __init__(self, network, url, tag="amd64", classic=False, version=None):
        self.network, self.tag, self.classic, self.version = network, tag, classic, version
        self.kinds = ["debian"] if classic else ["binarypackage", "sourcepackagerecipe"]
        self.calls, self.lies, self.lost_replies = [], {}, set()
        self.filecache, self.leftovers = {}, set()
        self.abortable, self.fetching, self.slowness = True, 0.0, 0.0
        self.ending = Ending()
        self.turn = DeferredLock()
        self._timer = None
        parts = urlsplit(url)
        self._place = parts.hostname, parts.port or 80
        self._reset()
        self.recover()

    def _reset(self):
        self.status, self.verdict, self.cookie, self.log = S.IDLE, None, None, None
        self.results, self.started, self.stuck = {}, None, False
        self._stop_timer()

    def _stop_timer(self):
        if self._timer and self._timer.active():
            self._timer.cancel()

    @property
    def endless(self):
        """Whether what is under way has no end before it."""
        return self.status in {S.BUILDING, S.ABORTING} and not (self._timer and self._timer.active())

    # What a test tells it

    def will(self, verdict="OK", **ways):
        """Let builds from now on end like this: see Ending."""
        self.ending = Ending(V[verdict] if isinstance(verdict, str) else verdict, **ways)

    def finish(self):
        """End the build under way."""
        self._stop_timer()
        aborted = self.status is S.ABORTING
        self.verdict = V.ABORTED if aborted else self.ending.verdict
        self.status = S.ABORTED if aborted and self.classic else S.WAITING
        if self.verdict is V.OK:
            self._keep_results()

    def _keep_results(self):
        files = self.ending.files
        made = files(self.started) if callable(files) else files
        self.results = {name: hashlib.sha1(content).hexdigest() for name, content in made.items()}
        self.filecache |= {self.results[name]: content for name, content in made.items()}

    def lie(self, method, answer):
        """Answer calls of ``method`` with a value (or a Fault) whatever the truth is; nothing happens."""
        self.lies[method] = answer

    def lose_reply(self, method):
        """Do as the next call of ``method`` says, but drop the connection instead of answering."""
        self.lost_replies.add(method)

    def forget(self):
        """Restart the daemon: it is IDLE, and what it was building left a folder behind."""
        if self.cookie and self.status is not S.WAITING:
            self.leftovers.add(self.cookie)
        self._reset()
        self.turn = DeferredLock()
        self._drop_connections()

    def vanish(self):
        """Refuse connections; builds go on."""
        self._listen(None)
        self._drop_connections()

    def hang(self):
        """Fall silent: what comes is neither refused nor answered."""
        self._listen(SILENT)
        for end in self._ends():
            end.deaf = True

    def babble(self, words=b"SSH-2.0-OpenSSH_9\r\n"):
        """Answer every request with these bytes."""
        self._drop_connections()
        self._listen(_Babbler(words))

    def recover(self):
        """Be well again: reachable, sane and honest."""
        self.lies.clear()
        self.lost_replies.clear()
        self._drop_connections()
        self._listen(self._site())

    def _listen(self, factory):
        self.network.listen(*self._place, factory)

    def _site(self):
        root = Resource()
        root.putChild(b"rpc", _Rpc(self))
        root.putChild(b"filecache", _FileCache(self))
        return Site(root, reactor=self.network.clock)

    def _ends(self):
        return [end for end in self.network.connections if end.place == self._place]

    def _drop_connections(self):
        for end in self._ends():
            end.abortConnection()

    # What the master asks it

    def echo(self, *words):
        return list(words)

    def info(self):
        return ["1.0", self.tag, self.kinds]

    def ensurepresent(self, sha1, url, username, password):
        if sha1 in self.filecache:
            return [True, "Cache"]
        if not url:
            return [False, "No URL"]
        content = self.network.get(url, username, password)
        if content is None:
            return [False, "Error accessing Librarian: HTTP Error 404: Not Found"]
        if hashlib.sha1(content).hexdigest() != sha1:
            return [False, "Digests did not match, removing again!"]
        self.filecache[sha1] = content
        return [True, "Download"]

    def build(self, cookie, kind, chroot, filemap, args):
        refusal = self._refusal(cookie, kind, chroot, filemap)
        if refusal:
            return refusal
        self.cookie, self.log = cookie, b""
        if self.status is not S.IDLE:
            raise ERROR
        self.status, self.started = S.BUILDING, Started(cookie, kind, chroot, filemap, args)
        self.stuck = cookie in self.leftovers or not (self.classic or args.keys() >= NEEDED)
        if self.stuck:
            raise ERROR
        self.log = self.ending.log
        if self.ending.duration is not None:
            self._timer = self.network.callLater(self.ending.duration, self.finish)
        return [S.BUILDING.value, cookie]

    def _refusal(self, cookie, kind, chroot, filemap):
        if kind not in self.kinds:
            return ["BuilderStatus.UNKNOWNBUILDER", None if self.classic else f"{kind} not in {self.kinds}"]
        for word, sha1 in [("CHROOTSUM", chroot), *(("FILESUM", sha1) for sha1 in filemap.values())]:
            if sha1 not in self.filecache:
                return ["BuilderStatus.UNKNOWNSUM", f"{word} -> {sha1}\n***** INFO *****\nNo URL\n****************\n"]
        if not cookie:
            raise ERROR
        return None

    def abort(self):
        if self.status not in {S.BUILDING, S.ABORTING}:
            raise ERROR
        if self.status is S.BUILDING and self.abortable and not self.stuck:
            self._stop_timer()
            self._timer = self.network.callLater(1, self.finish)
        self.status = S.ABORTING
        return S.ABORTING.value

    def clean(self):
        if self.status not in {S.WAITING, S.ABORTED}:
            raise ERROR
        for sha1 in self.results.values():
            self.filecache.pop(sha1, None)
        self._reset()
        return S.IDLE.value

    def word(self):
        """Return the answer to ``status()``, in this slave's form."""
        fields = {"builder_status": self.status.value}
        if self.status is S.WAITING:
            fields["build_status"] = self.verdict.value
        if self.status is not S.IDLE:
            fields["build_id"] = self.cookie
        if self.status is S.BUILDING:
            fields["logtail"] = Binary(self.log[-2048:])
        if self.status is S.WAITING and self.verdict in {V.OK, V.PACKAGEFAIL, V.DEPFAIL}:
            fields |= {"filemap": self.results, "dependencies": self._missing()}
        if self.classic:
            return list(fields.values()) if self.status is not S.IDLE else [S.IDLE.value, ""]
        return fields | ({"builder_version": self.version} if self.version else {})

    def _missing(self):
        return self.ending.dependencies if self.verdict is V.DEPFAIL else ""


class _Rpc(XMLRPC):
    """The calls of a slave over XML-RPC: one at a time, like the real one, which fetches files while nobody is answered."""

    METHODS = {"echo", "info", "status", "ensurepresent", "build", "abort", "clean"}

    def __init__(self, slave):
        super().__init__(allowNone=True)
        self.slave = slave

    def render_POST(self, request):
        self.request = request
        return super().render_POST(request)

    def lookupProcedure(self, name):
        if name not in self.METHODS:
            raise Fault(8001, f"procedure {name} not found")
        return lambda *args: self.slave.turn.run(self._answer, self.request, name, args)

    def _answer(self, request, name, args):
        slave = self.slave
        slave.calls.append((name, *args))
        answer = self._truth(name, args) if name not in slave.lies else slave.lies[name]
        if name in slave.lost_replies:
            slave.lost_replies.remove(name)
            request.transport.abortConnection()
        pause = slave.slowness + (slave.fetching if answer == [True, "Download"] else 0)
        return _later(slave.network, pause, answer) if pause else answer

    def _truth(self, name, args):
        try:
            return self.slave.word() if name == "status" else getattr(self.slave, name)(*args)
        except (Fault, TypeError):
            return ERROR


def _later(network, pause, answer):
    waiting = Deferred()
    network.callLater(pause, waiting.callback, answer)
    return waiting


class _FileCache(Resource):
    """The files of a slave."""

    isLeaf = True

    def __init__(self, slave):
        super().__init__()
        self.slave = slave

    def render_GET(self, request):
        gone = []
        request.notifyFinish().addErrback(gone.append)
        self.slave.turn.run(self._send, request, gone)
        return NOT_DONE_YET

    def _send(self, request, gone):
        if gone:
            return
        name = request.postpath[0].decode()
        content = self.slave.log if name == "buildlog" else self.slave.filecache.get(name)
        if content is None:
            request.setResponseCode(404)
        request.setHeader("Content-Length", str(len(content or b"")))
        request.write(content or b"")
        if not gone:  # a client may hang up over what it reads
            request.finish()


class _Babbler(Factory):
    """Serve everybody the same words."""

    def __init__(self, words):
        self.words = words

    def buildProtocol(self, addr):
        protocol = Protocol()
        protocol.dataReceived = lambda data: protocol.transport.write(self.words)
        return protocol
