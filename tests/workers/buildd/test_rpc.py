"""The bundled slave on the wire: what the contract of all slaves does not say."""

import http.client
from urllib.parse import urlsplit
from xmlrpc.client import Fault, ServerProxy

from buildmaster.farm.builders.replies import BuildReply
from buildmaster.farm.builders.states import BuilderStatus
from tests.support.slavecontract import FAULT, SlaveContract
from tests.workers.buildd.test_contract import BundledSlaveTests, V

WAITING = BuilderStatus.WAITING


class WireTests(BundledSlaveTests):
    begin, until = SlaveContract.begin, SlaveContract.until

    def get(self, path, method="GET", **headers):
        """Return status, headers and body of an answer of the slave's."""
        connection = http.client.HTTPConnection(urlsplit(self.process.url).netloc, timeout=30)
        self.addCleanup(connection.close)
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read()

    def waiting(self, verdict=V.OK):
        """Bring the slave to WAITING; return what it says then."""

        async def complete():
            await self.begin(self.work(verdict))
            return await self.until(WAITING)

        self.addCleanup(lambda: self.drive(self.cleaned()))
        return self.drive(complete())

    async def cleaned(self):
        return await self.slave.clean()

    def test_what_is_not_of_the_protocol_is_refused(self):
        for path, method, status in (
            ("/rpc", "GET", 405),
            ("/", "GET", 404),
            ("/filecache/", "GET", 404),
            ("/filecache/..%2Fx", "GET", 404),
        ):
            self.assertEqual(status, self.get(path, method)[0], path)

    def test_an_unknown_method_is_a_fault_of_its_own(self):
        with ServerProxy(self.process.url + "rpc") as proxy, self.assertRaises(Fault) as caught:
            proxy.proxy_info()
        self.assertEqual(8001, caught.exception.faultCode)

    def test_the_log_is_text_and_has_ranges(self):
        self.waiting()
        status, headers, whole = self.get("/filecache/buildlog")
        self.assertEqual((200, "text/plain; charset=utf-8"), (status, headers["Content-Type"]))
        status, headers, end = self.get("/filecache/buildlog", Range="bytes=5-")
        self.assertEqual((206, whole[5:]), (status, end))
        self.assertEqual(f"bytes 5-{len(whole) - 1}/{len(whole)}", headers["Content-Range"])
        self.assertEqual(416, self.get("/filecache/buildlog", Range="bytes=999999-")[0])

    def test_a_file_can_be_measured_first(self):
        sha1 = self.waiting().filemap[0][1]
        status, headers, body = self.get(f"/filecache/{sha1}", "HEAD")
        self.assertEqual((200, b""), (status, body))
        self.assertEqual(headers["Content-Length"], str(len(self.get(f"/filecache/{sha1}")[2])))

    def test_every_end_can_be_pretended(self):
        for verdict in (V.GIVENBACK, V.BUILDERFAIL, V.ABORTED):
            files = self.source(V.OK)
            name = f"tiny_1~{verdict.name.lower()}.dsc"
            work = self.work_on({name: next(iter(files.values()))})

            async def end(work=work):
                await self.begin(work)
                status = await self.until(WAITING)
                await self.slave.clean()
                return status.verdict

            self.assertEqual(verdict, self.drive(end()))

    def test_a_build_without_what_it_needs_is_refused_and_the_next_one_taken(self):
        work = self.work(V.OK)

        async def try_both():
            for sha1, url in work.urls.items():
                await self.slave.ensurepresent(sha1, url, "", "")
            first = await self.slave.build(work.cookie, work.kind, work.chroot, work.filemap, {})
            second = await self.slave.build(work.cookie, work.kind, work.chroot, work.filemap, work.args)
            await self.until(WAITING)
            await self.slave.clean()
            return first, second

        self.assertEqual((FAULT, BuildReply("BuilderStatus.BUILDING", work.cookie)), self.drive(try_both()))
