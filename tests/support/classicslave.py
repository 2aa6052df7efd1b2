"""Slaves that speak the classic protocol, in tuples, over real sockets, in a thread of the test.

What a build comes to is the name of its source: ``depfail`` misses a dependency, ``building`` never ends. The three that go
back to the queue (``builderfail``, ``givenback``, ``aborted``) do so once, whoever has them; from then on they never end.
"""

import hashlib
import threading
from socketserver import ThreadingMixIn
from xmlrpc.server import SimpleXMLRPCRequestHandler, SimpleXMLRPCServer

from tests.support.packages import a_changes, a_control, a_deb

LOG = b"This is a build log"
TAG = "amd64"
ENDS = {
    "packagefail": ("BuilderStatus.WAITING", "BuildStatus.PACKAGEFAIL", "{}", {}, ""),
    "depfail": ("BuilderStatus.WAITING", "BuildStatus.DEPFAIL", "{}", {}, "baz (>= 1.0.1)"),
    "chrootfail": ("BuilderStatus.WAITING", "BuildStatus.CHROOTFAIL", "{}"),
    "builderfail": ("BuilderStatus.WAITING", "BuildStatus.BUILDERFAIL", "{}"),
    "givenback": ("BuilderStatus.WAITING", "BuildStatus.GIVENBACK", "{}"),
    "aborted": ("BuilderStatus.ABORTED", "{}"),
    "aborting": ("BuilderStatus.ABORTING", "{}"),
    "building": ("BuilderStatus.BUILDING", "{}", LOG.decode()),
    "badresults": ("BuilderStatus.WAITING", "BuildStatus.OK", "{}", {}, ""),
}
GOES_BACK = {"builderfail", "givenback", "aborted"}


class _Requests(SimpleXMLRPCRequestHandler):
    rpc_paths = ("/rpc",)
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        content = self.server.files.get(self.path.removeprefix("/filecache/"))
        self.send_response(200 if content is not None else 404)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        self.wfile.write(content or b"")


class ClassicSlave(ThreadingMixIn, SimpleXMLRPCServer):
    """A slave on a free port; ``word`` is what it says of itself, ``calls`` is what it was asked, in order."""

    daemon_threads = True
    block_on_close = False
    gone_back = set()

    def __init__(self, case, *word):
        super().__init__(("127.0.0.1", 0), _Requests, logRequests=False, allow_none=True)
        self.word = word or ("BuilderStatus.IDLE",)
        self.files, self.calls = {"buildlog": LOG}, []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/"
        for name in ("echo", "info", "status", "ensurepresent", "build", "abort", "clean"):
            self.register_function(getattr(self, name))
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        case.addCleanup(self.server_close)
        case.addCleanup(self.shutdown)

    def echo(self, *words):
        return list(words)

    def info(self):
        return ["1.0", TAG, ["debian"]]

    def status(self):
        return self.word

    def ensurepresent(self, sha1, url, username="", password=""):
        self.calls.append("ensurepresent")
        return [True, "Cache"]

    def build(self, cookie, kind, chroot, filemap, args):
        self.calls.append("build")
        dsc = next(name for name in filemap if name.endswith(".dsc")).removesuffix(".dsc")
        source = dsc.partition("_")[0]
        end = "building" if source in self.gone_back else source
        self.gone_back.update({source} & GOES_BACK)
        word = ENDS[end] if end in ENDS else ("BuilderStatus.WAITING", "BuildStatus.OK", "{}", self.results(dsc), "")
        self.word = tuple(cookie if part == "{}" else part for part in word)
        return ["BuilderStatus.BUILDING", cookie]

    def results(self, dsc):
        """Make the results of a build that goes well; return their SHA-1s."""
        source, version = dsc.split("_")
        debs = {f"{dsc}_{TAG}.deb": a_deb(a_control(Package=source, Version=version, Architecture=TAG))}
        fields = {"Source": source, "Binary": source, "Version": version, "Architecture": TAG}
        made = {**debs, f"{dsc}_{TAG}.changes": a_changes(debs, **fields).encode()}
        digests = {name: hashlib.sha1(content).hexdigest() for name, content in made.items()}
        self.files |= {digests[name]: content for name, content in made.items()}
        return digests

    def abort(self):
        self.calls.append("abort")
        self.word = ("BuilderStatus.ABORTED", self.word[1])
        return "BuilderStatus.ABORTING"

    def clean(self):
        self.calls.append("clean")
        self.word = ("BuilderStatus.IDLE", "")
        return "BuilderStatus.IDLE"
