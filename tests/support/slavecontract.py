"""What every slave must do: one suite, for the double in memory, the bundled slave, and a real one.

A test class mixes ``SlaveContract`` in and provides, besides ``slave`` (a client of a slave that is IDLE):

* ``folder``: a Path for files that are fetched
* ``drive(coroutine)``: run it to its end and return what it returns
* ``pause(seconds)``: a Deferred that fires after them
* ``work(verdict)``: a ``Work`` that will end so, with a new cookie; it skips the test where the slave can't be brought to it
* ``offer(content)``: a URL where the slave finds this content, or for None a URL where it finds nothing
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import wraps

from buildmaster.farm.builders.replies import BuildReply, Present, Silence
from buildmaster.farm.builders.states import BuilderStatus, SlaveVerdict
from buildmaster.farm.vocabulary.contents import Content
from buildmaster.files.writing import HashedFile

NOWHERE = "0" * 40  # the SHA-1 of nothing that there is
FAULT = Silence("fault 8002: error")
LONG = 600  # polls, a pause apart, until a build must have ended
B = BuilderStatus
V = SlaveVerdict


def driven(test):
    """Let a test be a coroutine, driven by its case."""

    @wraps(test)
    def run(self):
        self.drive(test(self))

    return run


@dataclass(frozen=True)
class Work:
    """A build to be given to a slave; ``urls`` says where it finds the files, by SHA-1."""

    cookie: str
    kind: str
    chroot: str
    filemap: Mapping[str, str]
    args: Mapping[str, object]
    urls: Mapping[str, str] = field(default_factory=dict)


class SlaveContract:
    """The rules; each leaves the slave IDLE."""

    interval = 1.0  # seconds between two looks at a slave that builds

    async def begin(self, work):
        """Give the slave its files and start the build."""
        for sha1, url in work.urls.items():
            self.assertTrue((await self.slave.ensurepresent(sha1, url, "", "")).present)
        return await self.slave.build(work.cookie, work.kind, work.chroot, work.filemap, work.args)

    async def until(self, wanted):
        """Look at the slave until it is in a state; return what it says then."""
        for _ in range(LONG):
            status = await self.slave.status()
            if status.status is wanted:
                return status
            await self.pause(self.interval)
        raise AssertionError(f"never {wanted.name}; at last {status}")

    async def complete(self, verdict):
        """Let the slave do a build to its end; return the build, and what the slave says of it."""
        work = self.work(verdict)
        self.assertEqual(BuildReply(B.BUILDING.value, work.cookie), await self.begin(work))
        status = await self.until(B.WAITING)
        self.assertEqual((verdict, work.cookie), (status.verdict, status.cookie))
        return work, status

    async def clean(self):
        self.assertEqual(B.IDLE.value, await self.slave.clean())
        self.assertEqual(B.IDLE, (await self.slave.status()).status)

    async def fetched(self, name):
        """Return what is in a file of the slave's, and the bytes."""
        path = self.folder / "fetched"
        content = await self.slave.fetch(name, HashedFile(path), 10_000_000)
        self.assertIsInstance(content, Content)
        return content, path.read_bytes()

    @driven
    async def test_echo_repeats(self):
        self.assertEqual(["Test", 1, None], await self.slave.echo("Test", 1, None))

    @driven
    async def test_info_tells_protocol_tag_and_kinds(self):
        info = await self.slave.info()
        self.assertEqual("1.0", info.version)
        self.assertTrue(info.tag)
        self.assertTrue({"binarypackage", "debian"} & set(info.kinds))

    @driven
    async def test_an_idle_slave_holds_nothing(self):
        status = await self.slave.status()
        self.assertEqual((B.IDLE, None, None, None), (status.status, status.verdict, status.cookie, status.logtail))

    @driven
    async def test_fetches_a_file_once(self):
        content = f"{self.id()} {self.work(V.OK).cookie}".encode()
        sha1 = hashlib.sha1(content).hexdigest()
        url = self.offer(content)
        self.assertEqual(Present(True, "Download"), await self.slave.ensurepresent(sha1, url, "", ""))
        self.assertEqual(Present(True, "Cache"), await self.slave.ensurepresent(sha1, url, "", ""))
        self.assertEqual(content, (await self.fetched(sha1))[1])

    @driven
    async def test_says_why_a_file_is_not_present(self):
        for url, reason in (
            (self.offer(None), "Error accessing Librarian: HTTP Error 404: Not Found"),
            (self.offer(b"something else"), "Digests did not match, removing again!"),
            (None, "No URL"),
        ):
            self.assertEqual(Present(False, reason), await self.slave.ensurepresent(NOWHERE, url, "", ""))

    @driven
    async def test_refuses_what_it_cannot_build_and_stays_idle(self):
        work = self.work(V.OK)
        unknown = await self.slave.build(work.cookie, "nosuch", work.chroot, {}, work.args)
        self.assertEqual("BuilderStatus.UNKNOWNBUILDER", unknown.status)
        no_chroot = await self.slave.build(work.cookie, work.kind, NOWHERE, {}, work.args)
        self.assertEqual("BuilderStatus.UNKNOWNSUM", no_chroot.status)
        self.assertTrue(no_chroot.detail.startswith(f"CHROOTSUM -> {NOWHERE}"), no_chroot)
        self.assertEqual(B.IDLE, (await self.slave.status()).status)

    @driven
    async def test_misses_a_file_of_the_source(self):
        work = self.work(V.OK)
        for sha1, url in work.urls.items():
            await self.slave.ensurepresent(sha1, url, "", "")
        reply = await self.slave.build(work.cookie, work.kind, work.chroot, {"a.dsc": NOWHERE}, work.args)
        self.assertEqual("BuilderStatus.UNKNOWNSUM", reply.status)
        self.assertTrue(reply.detail.startswith(f"FILESUM -> {NOWHERE}"), reply)
        self.assertEqual(B.IDLE, (await self.slave.status()).status)

    @driven
    async def test_an_idle_slave_refuses_to_clean_and_to_abort(self):
        self.assertEqual(FAULT, await self.slave.clean())
        self.assertEqual(FAULT, await self.slave.abort())

    @driven
    async def test_refuses_a_build_without_a_cookie(self):
        work = self.work(V.OK)
        for sha1, url in work.urls.items():
            await self.slave.ensurepresent(sha1, url, "", "")
        self.assertEqual(FAULT, await self.slave.build("", work.kind, work.chroot, work.filemap, work.args))
        self.assertEqual(B.IDLE, (await self.slave.status()).status)

    @driven
    async def test_a_file_that_is_not_there_is_silence(self):
        silence = await self.slave.fetch(NOWHERE, HashedFile(self.folder / "none"), 1)
        self.assertEqual(Silence("garbage: HTTP 404 Not Found"), silence)

    @driven
    async def test_builds_a_package(self):
        work, status = await self.complete(V.OK)
        files = dict(status.filemap)
        self.assertTrue([name for name in files if name.endswith(".changes")], files)
        self.assertTrue([name for name in files if name.endswith(".deb")], files)
        for name, sha1 in files.items():
            self.assertEqual(sha1, (await self.fetched(sha1))[0].sha1, name)
        self.assertTrue((await self.fetched("buildlog"))[1])
        await self.clean()
        await self._forgot(files, work)

    async def _forgot(self, files, work):
        """See that cleaning took the results and the log, not what was sent."""
        for name in (*files.values(), "buildlog"):
            self.assertIsInstance(await self.slave.fetch(name, HashedFile(self.folder / "gone"), 10_000_000), Silence)
        for sha1, url in work.urls.items():
            self.assertEqual(Present(True, "Cache"), await self.slave.ensurepresent(sha1, url, "", ""))

    @driven
    async def test_tells_what_it_builds(self):
        work = self.work(V.OK)
        await self.begin(work)
        status = await self.slave.status()
        self.assertEqual((B.BUILDING, work.cookie), (status.status, status.cookie))
        self.assertLessEqual(len(status.logtail or ""), 2048)
        self.assertEqual(FAULT, await self.slave.clean())
        await self.until(B.WAITING)
        await self.clean()

    @driven
    async def test_a_package_that_fails_has_a_log(self):
        await self._fails(V.PACKAGEFAIL)

    @driven
    async def test_a_bad_chroot_has_a_log(self):
        await self._fails(V.CHROOTFAIL)

    async def _fails(self, verdict):
        _, status = await self.complete(verdict)
        self.assertEqual(((), ""), (status.filemap, status.dependencies))
        self.assertTrue((await self.fetched("buildlog"))[1])
        await self.clean()

    @driven
    async def test_a_missing_dependency_is_named(self):
        _, status = await self.complete(V.DEPFAIL)
        self.assertTrue(status.dependencies)
        await self.clean()

    @driven
    async def test_an_aborted_build_ends(self):
        work = self.work(V.ABORTED)
        await self.begin(work)
        self.assertEqual(B.ABORTING.value, await self.slave.abort())
        status = await self._aborted()
        self.assertEqual(work.cookie, status.cookie)
        self.assertIn(status.verdict, {V.ABORTED, None})
        await self.clean()

    async def _aborted(self):
        """Return what the slave says when it has aborted: WAITING, or in the classic form ABORTED."""
        for _ in range(LONG):
            status = await self.slave.status()
            if status.status in {B.WAITING, B.ABORTED}:
                return status
            self.assertIn(status.status, {B.ABORTING, B.BUILDING})
            await self.pause(self.interval)
        raise AssertionError("the abort did not take")

    @driven
    async def test_refuses_a_second_build(self):
        work = self.work(V.OK)
        await self.begin(work)
        second = self.work(V.OK)
        self.assertEqual(FAULT, await self.begin(second))
        self.assertEqual(B.BUILDING, (await self.slave.status()).status)
        await self.until(B.WAITING)
        await self.clean()
