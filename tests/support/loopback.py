"""Real sockets on the loopback address: a reactor of a test's own, a file server on it, slaves as child processes."""

import hashlib
import os
import socket
import subprocess
import time
from functools import cache

from debian.deb822 import Dsc
from twisted.internet.defer import ensureDeferred
from twisted.internet.epollreactor import EPollReactor
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.static import Data

from buildmaster.cli.running.buildd import slave_command
from buildmaster.cli.running.demosources import TREES, make_source
from tests.support.databases import a_folder


def a_reactor(case):
    """Return a running reactor that nobody else knows, stopped after the test ``case``."""
    reactor = EPollReactor()
    reactor.startRunning(installSignalHandlers=False)
    case.addCleanup(reactor.disconnectAll)
    case.addCleanup(reactor.iterate)
    case.addCleanup(reactor.fireSystemEvent, "shutdown")
    return reactor


def drive(reactor, coroutine, limit=120):
    """Run the reactor until a coroutine has ended; return its result, or raise its error."""
    outcome, errors = [], []
    ensureDeferred(coroutine).addCallbacks(outcome.append, errors.append)
    end = time.monotonic() + limit
    while not outcome + errors:
        reactor.iterate(0.02)
        if time.monotonic() > end:
            raise AssertionError(f"not done in {limit} s")
    if errors:
        errors[0].raiseException()
    return outcome[0]


def a_free_port():
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class FileServer:
    """Serves bytes by their SHA-1."""

    def __init__(self, case, reactor):
        self._root = Resource()
        port = reactor.listenTCP(0, Site(self._root, reactor=reactor), interface="127.0.0.1")
        case.addCleanup(port.stopListening)
        self._url = f"http://127.0.0.1:{port.getHost().port}/"

    def offer(self, content):
        """Return a URL where this content is found, or for None one where nothing is."""
        if content is None:
            return f"{self._url}nothing"
        name = hashlib.sha1(content).hexdigest()
        self._root.putChild(name.encode(), Data(content, "application/octet-stream"))
        return self._url + name


class SlaveProcess:
    """A bundled slave, run by twistd with the shipped .tac."""

    def __init__(self, **settings):
        self.settings = settings = {"port": a_free_port(), "folder": a_folder(), **settings}
        self.folder = settings["folder"] / str(settings["port"])
        self.url = f"http://127.0.0.1:{settings['port']}/"
        told = {f"BUILDD_{key.upper()}": str(value) for key, value in settings.items()}
        self.process = subprocess.Popen(
            slave_command(), env={**os.environ, **told}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._log = []
        while not self._log or "builds by way of" not in self._log[-1]:
            self._log.append(self.process.stdout.readline())
            if not self._log[-1]:
                raise AssertionError(f"the slave did not start: {''.join(self._log)}")

    def stop(self):
        """End it; return what it logged."""
        self.process.terminate()
        return "".join(self._log) + self.process.communicate(timeout=60)[0]

    def kill(self):
        """End it so that it can clean nothing up."""
        self.process.kill()
        self.process.communicate()


@cache
def made_source(name):
    """Return the folder of a source package made of one of the trees, and the name of its .dsc."""
    folder = a_folder()
    make_source(TREES / name, folder)
    return next(folder.glob("*.dsc"))


def files_of(dsc):
    """Return the contents of a .dsc and of all that it names, by file name."""
    names = [entry["name"] for entry in Dsc(dsc.read_text())["Files"]]
    return {name: (dsc.parent / name).read_bytes() for name in (dsc.name, *names)}
