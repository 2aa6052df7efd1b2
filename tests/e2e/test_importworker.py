"""A real worker, as a process, reaches real servers on the loopback, and none that it may not reach."""

import getpass
import os
import signal
import socket
import socketserver
import subprocess
import tempfile
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xmlrpc.server import SimpleXMLRPCRequestHandler, SimpleXMLRPCServer

from twisted.trial.unittest import SynchronousTestCase

from tests.support.importtools import Elsewhere, need_tools
from tests.support.processes import COMMAND, HERE, wait_until

LIMIT = 60.0


class Quiet:
    """Serves without a word on stderr, and counts what is asked."""

    def log_message(self, *_args):
        self.server.asked = getattr(self.server, "asked", 0) + 1


class Files(Quiet, SimpleHTTPRequestHandler):
    """Serves a folder."""


class Elsewhither(Quiet, BaseHTTPRequestHandler):
    """Sends everybody on to the server at ``target``."""

    target = ""

    def do_GET(self):
        """Answer whatever is asked so."""
        self.send_response(302)
        self.send_header("Location", self.target + self.path)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_OPTIONS = do_PROPFIND = do_POST = do_HEAD = do_GET


class PserverHandler(socketserver.StreamRequestHandler):
    """Serves one CVS connection by the real `cvs pserver`."""

    def handle(self):
        root = self.server.root
        environment = {"PATH": os.environ["PATH"], "HOME": str(root.parent)}
        command = ["cvs", "-f", f"--allow-root={root}", "pserver"]
        subprocess.run(
            command, stdin=self.connection, stdout=self.connection, stderr=self.connection, env=environment, check=False
        )


class XmlRpcHandler(SimpleXMLRPCRequestHandler):
    def log_message(self, *_args):
        """Say nothing."""


class Scheduler:
    """A scheduler with these jobs, which notes how they ended."""

    def __init__(self, *jobs):
        self.jobs = jobs
        self.ended = []

    def getJobForMachine(self, _hostname):
        return 0 if len(self.ended) == len(self.jobs) else len(self.ended) + 1

    def getImportDataForJob(self, job):
        return self.jobs[job - 1]

    def updateHeartbeat(self, _job, _tail):
        return True

    def finishJob(self, _job, status, log):
        self.ended.append((status, log.data.decode()))
        return True


class WayTests(SynchronousTestCase):
    def setUp(self):
        need_tools()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.elsewhere = Elsewhere(self.folder / "elsewhere")
        self.there = self.elsewhere.run

    def serve(self, server):
        """Serve in a thread for the time of the test; return the port."""
        threading.Thread(target=partial(server.serve_forever, poll_interval=0.02), daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server.server_address[1]

    def http(self, handler, host="127.0.0.1"):
        server = ThreadingHTTPServer((host, 0), handler)
        return server, self.serve(server)

    def files(self, host="127.0.0.1"):
        """Serve the folder elsewhere over HTTP."""
        return self.http(partial(Files, directory=str(self.elsewhere.folder)), host)

    def spawn(self, port, *argv):
        """Run a server as a process, until the test is over."""
        process = subprocess.Popen(
            argv, cwd=self.elsewhere.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        wait_until(lambda: connects(port), f"{argv} listens")

    def bring(self, *sources, allowed="127.0.0.1/32"):
        """Let a worker import each source, a kind, an address and a module; return the results and their logs."""
        jobs = [
            {"name": kind.lower(), "rcs_type": kind, "url": url, "module": "".join(module)}
            for kind, url, *module in sources
        ]
        scheduler = Scheduler(*jobs)
        server = SimpleXMLRPCServer(("127.0.0.1", 0), XmlRpcHandler, logRequests=False)
        server.register_instance(scheduler)
        self.work(f"http://127.0.0.1:{self.serve(server)}/RPC2", allowed, lambda: len(scheduler.ended) == len(jobs))
        return scheduler.ended

    def work(self, url, allowed, done):
        """Run a worker until ``done``, and stop it as an operator does."""
        conf = self.folder / "farm.conf"
        conf.write_text(f"[buildmaster]\nroot = {self.folder}\n[code_imports]\nallowed_addresses = {allowed}\n")
        words = ["import-worker", "--hostname", "box", "--poll", "0.1", "--url", url]
        with (self.folder / "worker.log").open("wb") as log:
            worker = subprocess.Popen(
                [*COMMAND, "--config", conf, *words],
                env={**os.environ, "PYTHONPATH": str(HERE)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.addCleanup(worker.kill)
        wait_until(lambda: done() or worker.poll() is not None, "the worker is done", LIMIT)
        worker.terminate()
        self.assertEqual(-signal.SIGTERM, worker.wait(LIMIT), (self.folder / "worker.log").read_text())

    def brought(self, kind, url, *module):
        """Show that a worker brings the one commit that is there."""
        [(status, log)] = self.bring((kind, url, *module))
        self.assertEqual("SUCCESS", status, log)
        git = ("git", f"--git-dir={self.folder}/imports/{kind.lower()}.git")
        self.assertEqual(["first"], self.there(*git, "log", "--format=%s").split())

    def a_git_repository(self):
        self.there("git", "init", "-q", "trunk")
        self.there("git", "commit", "-q", "--allow-empty", "-m", "first", cwd="trunk")
        self.there("git", "update-server-info", cwd="trunk")

    def test_git_over_http(self):
        self.a_git_repository()
        _server, port = self.files()
        self.brought("GIT", f"http://127.0.0.1:{port}/trunk/.git")

    def test_no_tool_asks_a_server_inside(self):
        server, port = self.files()
        sources = [(kind, f"http://127.0.0.1:{port}/{kind}") for kind in ("GIT", "SVN", "HG", "BZR")]
        statuses = [status for status, _log in self.bring(*sources, allowed="192.0.2.0/24")]
        self.assertEqual((["CHECKOUT_FAILURE"] * 4, 0), (statuses, getattr(server, "asked", 0)))

    def test_a_redirect_to_one_inside_is_not_followed(self):
        inside, port = self.files("127.0.0.2")
        handler = type("Redirect", (Elsewhither,), {"target": f"http://127.0.0.2:{port}"})
        outside, first = self.http(handler)
        sources = [(kind, f"http://127.0.0.1:{first}/{kind}") for kind in ("GIT", "SVN", "HG", "BZR")]
        statuses = [status for status, _log in self.bring(*sources)]
        self.assertEqual((["CHECKOUT_FAILURE"] * 4, 0), (statuses, getattr(inside, "asked", 0)))
        self.assertGreaterEqual(outside.asked, 4)

    def test_mercurial_over_http(self):
        self.there("hg", "init", "trunk")
        (self.elsewhere.folder / "trunk/file").write_text("1\n")
        self.there("hg", "commit", "-qA", "-m", "first", cwd="trunk")
        port = a_free_port()
        self.spawn(port, "hg", "-R", "trunk", "serve", "-a", "127.0.0.1", "-p", str(port))
        self.brought("HG", f"http://127.0.0.1:{port}/")

    def test_bazaar_over_http(self):
        self.there("brz", "init", "-q", "trunk")
        self.there("brz", "commit", "-q", "--unchanged", "-m", "first", cwd="trunk")
        _server, port = self.files()
        self.brought("BZR", f"http://127.0.0.1:{port}/trunk")

    def test_subversion_by_its_own_protocol(self):
        self.there("svnadmin", "create", "trunk")
        self.there("svn", "mkdir", "-qm", "first", f"file://{self.elsewhere.folder}/trunk/lib")
        port = a_free_port()
        self.spawn(
            port, "svnserve", "-d", "--foreground", "--listen-host=127.0.0.1", f"--listen-port={port}", "-r", "."
        )
        self.brought("SVN", f"svn://localhost:{port}/trunk")

    def test_cvs_by_its_own_protocol(self):
        root = self.elsewhere.folder / "cvs"
        self.there("cvs", "-d", root, "init")
        (root / "module").mkdir()
        (root / "CVSROOT/passwd").write_text(f"me::{a_common_user()}\n")
        self.there("cvs", "-Q", "-d", root, "checkout", "module")
        (self.elsewhere.folder / "module/file").write_text("1\n")
        self.there("cvs", "-Q", "add", "file", cwd="module")
        self.there("cvs", "-Q", "commit", "-m", "first", cwd="module")
        self.there("chmod", "-R", "a+rwX", self.folder)
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), PserverHandler)
        server.root = root
        self.brought("CVS", f":pserver:me@localhost:{self.serve(server)}{root}", "module")


def a_common_user():
    """Return whom a CVS server may act as: never root."""
    return "nobody" if os.geteuid() == 0 else getpass.getuser()


def a_free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def connects(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0
