"""The code import scheduler as machines speak with it, over XML-RPC."""

import gzip
import tempfile
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from xmlrpc.client import Binary, Fault, ProtocolError, ServerProxy, Transport, loads

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import execute
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from buildmaster.farm.codeimports.jobs import DEFAULT_POLICY
from buildmaster.files.librarian import FolderLibrarian
from buildmaster.model.codeimports.jobs import reclaim_silent
from buildmaster.web.codeimports.contracts import (
    ICodeImportScheduler,
    ICodeImportSchedulerApplication,
    ICodeImportWorkers,
)
from buildmaster.web.codeimports.scheduler import CodeImportScheduler
from buildmaster.web.codeimports.xmlrpc import CodeImportSchedulerAPI, CodeImportSchedulerResource
from buildmaster.work.database import InlineDatabase
from tests.support.browser import a_site, ask
from tests.support.codeimports import NOW, Imports, after, sqlite_transactions

PATH = "/codeimportscheduler"
LOG_SIZE = 1000
WORDS = [
    f"<{slash}{tag}>".encode()
    for tag in ("methodCall", "params", "param", "value", "int", "array", "data", "struct", "member", "name", "fault")
    for slash in ("", "/")
] + [b"<methodName>finishJob</methodName>", b"7", b"<base64>x</base64>", b"<i8>1e9</i8>", b"<nil/>"]


class SiteTransport(Transport):
    """Carries the calls of the standard library's client to a site, through the real protocol, in memory."""

    def __init__(self, site):
        super().__init__()
        self.site = site

    def request(self, host, handler, request_body, verbose=False):
        _host, headers, _x509 = self.get_host_info(host)
        answer = ask(self.site, handler, "POST", dict(headers), request_body)
        if answer.code != 200:
            raise ProtocolError(host + handler, answer.code, "", answer.headers)
        parser, target = self.getparser()
        parser.feed(answer.body)
        parser.close()
        return target.close()


class SchedulerTests(SynchronousTestCase):
    tokens = {}

    def setUp(self):
        self.imports = Imports(sqlite_transactions(self))
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.librarian = FolderLibrarian(Path(folder.name))
        self.scheduler = self.a_scheduler()
        self.site = a_site({"codeimportscheduler": CodeImportSchedulerResource(self.scheduler, self.tokens, LOG_SIZE)})
        self.proxy = self.a_proxy("farm:8085")

    def a_scheduler(self, policy=DEFAULT_POLICY):
        database = InlineDatabase(self.imports.transactions)
        return CodeImportScheduler(database, self.librarian, execute, policy, lambda: NOW)

    def a_proxy(self, address):
        return ServerProxy(f"http://{address}{PATH}", transport=SiteTransport(self.site))

    def fault(self, method, *args):
        return self.assertRaises(Fault, method, *args)


class ContractTests(SchedulerTests):
    def test_the_scheduler_keeps_its_contract(self):
        self.assertTrue(verifyObject(ICodeImportSchedulerApplication, self.scheduler))

    def test_its_view_keeps_its_contracts(self):
        view = CodeImportSchedulerAPI(self.scheduler)
        self.assertTrue(verifyObject(ICodeImportScheduler, view))
        self.assertTrue(verifyObject(ICodeImportWorkers, view))

    def test_a_machine_asks_for_one_thing(self):
        self.assertEqual(["getJobForMachine"], list(ICodeImportScheduler.names()))


class JobTests(SchedulerTests):
    def test_a_machine_gets_a_due_job_and_then_none(self):
        self.imports.machine("bazaar-importer")
        self.imports.approved()
        self.assertEqual([1, 0], [self.proxy.getJobForMachine("bazaar-importer") for _ in range(2)])

    def test_an_unknown_machine_is_a_fault(self):
        fault = self.fault(self.proxy.getJobForMachine, "does-not-exist")
        self.assertEqual((210, "No such code import machine: does-not-exist"), (fault.faultCode, fault.faultString))

    def test_an_impossible_name_is_never_registered(self):
        self.scheduler.policy = replace(DEFAULT_POLICY, auto_create_machines=True)
        self.assertEqual(210, self.fault(self.proxy.getJobForMachine, "a b\n").faultCode)
        self.assertEqual(0, self.proxy.getJobForMachine("new-box"))
        self.assertEqual(["new-box"], [machine["hostname"] for machine in self.imports.machines()])

    def test_a_job_says_what_to_import(self):
        job = self.imports.a_running_job()
        wanted = {"name": "trunk", "rcs_type": "GIT", "url": "https://example.org/trunk", "module": ""}
        self.assertEqual(wanted, self.proxy.getImportDataForJob(job))

    def test_a_heartbeat_brings_the_log_s_tail(self):
        job = self.imports.a_running_job()
        self.assertTrue(self.proxy.updateHeartbeat(job, "r1 = 1234\n"))
        self.assertEqual("r1 = 1234\n", self.imports.shown()["job"]["logtail"])

    def test_a_result_is_taken_in_with_its_log(self):
        job = self.imports.a_running_job()
        self.assertTrue(self.proxy.finishJob(job, "SUCCESS", Binary(b"\x1b[1mr1\n")))
        result = self.imports.results()[0]
        self.assertEqual(("SUCCESS", "http://farm/files/1/trunk-1.txt.gz"), (result["status"], result["log_url"]))
        stored = next(path for path in self.librarian.folder.rglob("*") if path.is_file())
        self.assertEqual(b"\x1b[1mr1\n", gzip.decompress(stored.read_bytes()))

    def test_an_empty_log_is_not_kept(self):
        job = self.imports.a_running_job()
        self.proxy.finishJob(job, "FAILURE", "")
        self.assertIsNone(self.imports.results()[0]["log_url"])

    def test_an_unknown_job_is_a_fault_and_keeps_nothing(self):
        for call in (
            (self.proxy.getImportDataForJob, 7),
            (self.proxy.updateHeartbeat, 7, ""),
            (self.proxy.finishJob, 7, "SUCCESS", "log"),
            (self.proxy.finishJob, -1, "SUCCESS", "log"),
        ):
            self.assertEqual(211, self.fault(*call).faultCode)
        self.assertEqual([], list(self.librarian.folder.iterdir()))

    def test_the_late_result_of_a_reclaimed_job_is_refused(self):
        job = self.imports.a_running_job()
        self.imports.transactions.write(reclaim_silent, DEFAULT_POLICY, after(seconds=301))
        self.assertEqual(211, self.fault(self.proxy.finishJob, job, "SUCCESS", "log").faultCode)
        self.assertEqual("SUCCESS", self.imports.shown()["events"][0]["refused"])


class NonsenseTests(SchedulerTests):
    def test_nonsense_is_a_fault(self):
        for method, args in (
            (self.proxy.getJobForMachine, ()),
            (self.proxy.getJobForMachine, (7,)),
            (self.proxy.updateHeartbeat, (True, "")),
            (self.proxy.finishJob, (1, "RECLAIMED", "")),
            (self.proxy.finishJob, (1, "no such", "")),
        ):
            self.assertEqual(-32602, self.fault(method, *args).faultCode)

    def test_only_the_methods_of_the_table_are_called(self):
        for name in ("system.listMethods", "render_POST", "_run", "xmlrpc_getJobForMachine"):
            self.assertEqual(-32601, self.fault(getattr(self.proxy, name)).faultCode)

    def test_too_much_is_refused(self):
        error = self.assertRaises(ProtocolError, self.proxy.updateHeartbeat, 1, "x" * 100_000)
        self.assertEqual(413, error.errcode)

    def test_what_is_no_call_is_a_fault(self):
        for body in (
            b"hello",
            b'<?xml version="1.0"?><!DOCTYPE a []><a/>',
            b"<methodCall><params><param><value><int>x</int></value></param></params></methodCall>",
            b"<methodCall><methodName>a</methodName><params><value><dateTime.iso8601>x</dateTime.iso8601></params>",
            b"<methodResponse><fault><value><int>1</int></value></fault></methodResponse>",
        ):
            self.assertRaises(Fault, loads, ask(self.site, PATH, "POST", body=body).body)

    @settings(max_examples=50)
    @given(st.lists(st.sampled_from(WORDS), max_size=8).map(b"".join))
    def test_no_words_bring_it_down(self, body):
        self.assertEqual(200, ask(self.site, PATH, "POST", body=body).code)


class TokenTests(SchedulerTests):
    tokens = {"box": "secret", "other": "another"}

    def test_a_token_is_needed(self):
        for address in ("farm", "box:wrong@farm"):
            error = self.assertRaises(ProtocolError, self.a_proxy(address).getJobForMachine, "box")
            self.assertEqual(401, error.errcode)

    def test_the_password_may_be_the_token(self):
        self.imports.a_running_job()
        self.assertEqual(0, self.a_proxy("box:secret@farm").getJobForMachine("box"))

    def test_a_bearer_s_token_will_do(self):
        for authorization in ("Bearer secret", f"Basic {b64encode(b'x:secret').decode()}"):
            self.assertEqual(200, ask(self.site, PATH, "POST", {"Authorization": authorization}, b"<x/>").code)

    def test_a_machine_speaks_for_itself_only(self):
        job = self.imports.a_running_job()
        other = self.a_proxy("other:another@farm")
        self.assertEqual(212, self.fault(other.getJobForMachine, "box").faultCode)
        self.assertEqual(211, self.fault(other.updateHeartbeat, job, "").faultCode)
        self.assertTrue(self.a_proxy("box:secret@farm").updateHeartbeat(job, ""))
