"""What a worker and the scheduler say to each other is understood on both sides."""

import threading
from xmlrpc.client import Fault
from xmlrpc.server import SimpleXMLRPCRequestHandler, SimpleXMLRPCServer

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.workers.codeimports.scheduler import (
    JobGoneError,
    RefusedError,
    Scheduler,
    TooLongError,
    UnreachableError,
)


class Handler(SimpleXMLRPCRequestHandler):
    """Answers as the site does when it isn't asked rightly."""

    def do_POST(self):
        if self.server.refusal:
            self.send_error(self.server.refusal)
        else:
            self.server.authorizations.append(self.headers.get("Authorization"))
            super().do_POST()

    def log_message(self, *_args):
        """Say nothing."""


class SchedulerTests(SynchronousTestCase):
    def setUp(self):
        self.server = SimpleXMLRPCServer(("127.0.0.1", 0), Handler, logRequests=False)
        self.server.refusal = None
        self.server.authorizations = []
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.address = f"127.0.0.1:{self.server.server_address[1]}/codeimportscheduler"
        Handler.rpc_paths = ("/codeimportscheduler",)
        self.scheduler = Scheduler(f"http://box:se%2Fcret@{self.address}", "box")

    def answer(self, name, function):
        self.server.register_function(function, name)

    def fail(self, code):
        def fault(*_args):
            raise Fault(code, "no")

        self.answer("updateHeartbeat", fault)

    def test_it_asks_by_its_name_and_shows_its_token(self):
        self.answer("getJobForMachine", len)
        self.assertEqual(3, self.scheduler.job())
        self.assertEqual(["Basic Ym94OnNlL2NyZXQ="], self.server.authorizations)

    def test_a_fault_211_means_that_the_job_is_gone(self):
        self.fail(211)
        self.assertRaises(JobGoneError, self.scheduler.beat, 1, b"")

    def test_any_other_fault_is_a_refusal(self):
        self.fail(210)
        self.assertRaises(RefusedError, self.scheduler.beat, 1, b"")

    def test_refusals_of_http_are_told_apart(self):
        for code, error in ((401, RefusedError), (413, TooLongError)):
            self.server.refusal = code
            self.assertRaises(error, self.scheduler.finish, 1, "SUCCESS", b"log")

    def test_a_master_that_is_away_is_unreachable(self):
        self.assertRaises(UnreachableError, Scheduler("http://127.0.0.1:1/", "box").job)
