"""The bare protocol: the calls of a build, with nothing around them, by our client or by Twisted's pooled Agent.

    python -m bench.bare slave|agent BUILDS PORT...

As many builds at once as there are ports, of simulated slaves; one on each goes before, and isn't counted. The calls,
their order and what differs from build to build are the master's; files are written, not flushed, over those of the
last build.
Prints JSON: builds a second, ms of CPU a build.
"""

import io
import json
import shutil
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from xmlrpc.client import dumps, loads

from twisted.internet.defer import ensureDeferred, gatherResults
from twisted.internet.task import react
from twisted.web.client import Agent, FileBodyProducer, HTTPConnectionPool, readBody
from twisted.web.http_headers import Headers

from bench.filling import name_of
from buildmaster.files.writing import HashedFile
from buildmaster.slave.client import Slave

SHA1 = "0" * 40
LIMIT = 1 << 20  # bytes of a file
ARGS = {"series": "hoary", "suite": "hoary", "arch_tag": "amd64", "distribution": "ubuntu", "ogrecomponent": "main"}
ARGS |= {"arch_indep": False, "archive_purpose": "PRIMARY", "archive_private": False, "build_debug_symbols": False}


def order(number):
    """Return what ``build`` is told."""
    source = name_of(number)
    files = {f"{source}_1.0.dsc": SHA1, f"{source}_1.0.tar.xz": SHA1}
    return f"{number}-{number}", "binarypackage", SHA1, files, ARGS


async def by_slave(slave, folder, number):
    """Do what the master does for a build, by our client."""
    for _ in range(3):
        await slave.ensurepresent(SHA1, "http://master/files/1/x", "", "")
    await slave.status()
    await slave.build(*order(number))
    ended = await slave.status()
    for place, name in enumerate(("buildlog", *(sha1 for _, sha1 in ended.filemap))):
        path = folder / str(place)
        path.write_bytes(await slave.fetch(name, HashedFile(path), LIMIT, LIMIT))
    await slave.clean()


class ByAgent:
    """The same calls, each a request of the pooled Agent."""

    def __init__(self, agent, url):
        self.agent, self.url = agent, url

    async def call(self, method, *args):
        body = FileBodyProducer(io.BytesIO(dumps(args, method, allow_none=True).encode()))
        headers = Headers({"Content-Type": ["text/xml"]})
        response = await self.agent.request(b"POST", f"{self.url}rpc".encode(), headers, body)
        (value,), _ = loads(await readBody(response))
        return value

    async def get(self, name, path):
        response = await self.agent.request(b"GET", f"{self.url}filecache/{name}".encode())
        path.write_bytes(await readBody(response))

    async def build(self, folder, number):
        for _ in range(3):
            await self.call("ensurepresent", SHA1, "http://master/files/1/x", "", "")
        await self.call("status")
        await self.call("build", *order(number))
        ended = await self.call("status")
        for place, name in enumerate(("buildlog", *ended["filemap"].values())):
            await self.get(name, folder / str(place))
        await self.call("clean")


def clients(reactor, way, ports):
    urls = [f"http://127.0.0.1:{port}/" for port in ports]
    if way == "slave":
        slaves = [Slave(reactor, url, 40.0) for url in urls]
        return [partial(by_slave, slave) for slave in slaves]
    pool = HTTPConnectionPool(reactor)
    pool._factory.noisy = False  # noqa: SLF001  (the only door to its noise)
    agent = Agent(reactor, pool=pool)
    return [ByAgent(agent, url).build for url in urls]


async def measure(reactor, way, builds, ports):
    folder = Path(tempfile.mkdtemp())
    ways = [(build, folder / str(place)) for place, build in enumerate(clients(reactor, way, ports))]
    for _, mine in ways:
        mine.mkdir()
    await work_all(ways, range(len(ports)))
    begun, cpu = time.perf_counter(), time.process_time()
    await work_all(ways, range(len(ports), len(ports) + builds))
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    shutil.rmtree(folder)
    print(json.dumps({"builds/s": builds / seconds, "CPU ms": cpu / builds * 1000}))


async def work_all(ways, numbers):
    left = iter(numbers)
    await gatherResults([ensureDeferred(work(build, mine, left)) for build, mine in ways])


async def work(build, mine, left):
    for number in left:
        await build(mine, number)


def main(way, builds, *ports):
    react(lambda reactor: ensureDeferred(measure(reactor, way, int(builds), [int(port) for port in ports])))


if __name__ == "__main__":
    main(*sys.argv[1:])
