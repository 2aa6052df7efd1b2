"""Let Buildbot do its part: a master with workers in its own process, and builds of one step that does nothing.

    .venv-buildbot/bin/python bench/buildbot_master.py URL WORKERS BUILDS WAITING SAMPLES

Run by Buildbot's own Python; prints JSON: the seconds from submitted to started of ``SAMPLES`` builds, one by one,
on idle workers; or ``BUILDS`` builds, with ``WAITING`` more in the queue, after each worker has had its first: what
begins on idle workers is chosen in one go, and says little of a farm at work.
"""

import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

from buildbot.config.master import FileLoader
from buildbot.master import BuildMaster
from buildbot.process.buildstep import BuildStep
from buildbot.process.factory import BuildFactory
from buildbot.process.results import SUCCESS
from buildbot.util.eventual import fireEventually
from twisted.internet import defer, task

CONF = """
import __main__
from buildbot.plugins import schedulers, util, worker
names = [f"w{{n}}" for n in range({workers})]
BuildmasterConfig = {{
    "workers": [worker.LocalWorker(name, max_builds=1) for name in names],
    "builders": [util.BuilderConfig(name="b", workernames=names, factory=__main__.factory(), collapseRequests=False)],
    "schedulers": [schedulers.ForceScheduler("force", ["b"])],
    "db": {{"db_url": "{url}"}},
    "protocols": {{"pb": {{"port": "tcp:0:interface=127.0.0.1"}}}},
    "www": {{}},
    "buildbotNetUsageData": None,
    "collapseRequests": False,
}}
"""


class Nothing(BuildStep):
    """The step that does nothing."""

    name = "nothing"

    def run(self):
        return defer.succeed(SUCCESS)


def factory():
    return BuildFactory([Nothing()])


class Peer:
    """A Buildbot master, started."""

    def __init__(self, reactor, folder, url, workers):
        self.reactor, self.folder, self.url, self.workers = reactor, folder, url, workers
        self.begun, self.ended = [], 0

    async def start(self):
        (self.folder / "master.cfg").write_text(CONF.format(url=self.url, workers=self.workers))
        loader = FileLoader(str(self.folder), "master.cfg")
        self.master = BuildMaster(str(self.folder), config_loader=loader, reactor=self.reactor)
        self.master.config = loader.loadConfig()
        await self.master.db.setup(check_version=False)
        await self.master.db.model.upgrade()
        await self.master.db.pool.stop()
        self.master = BuildMaster(str(self.folder), config_loader=loader, reactor=self.reactor)
        await self.master.startService()
        builders = await self.master.data.get(("builders",))
        self.builder_id = next(builder["builderid"] for builder in builders if builder["name"] == "b")
        consume = self.master.mq.startConsuming
        await consume(lambda *_: self.begun.append(time.perf_counter()), ("builds", None, "new"))
        await consume(self._one_more, ("builds", None, "finished"))
        while len([w for w in self.master.workers.workers.values() if w.conn is not None]) < self.workers:
            await task.deferLater(self.reactor, 0.05)

    def _one_more(self, *_):
        self.ended += 1

    async def submit(self):
        await self.master.data.updates.addBuildset(
            waited_for=False,
            scheduler="force",
            sourcestamps=[{"codebase": "", "project": "", "repository": ""}],
            reason="bench",
            properties={},
            builderids=[self.builder_id],
        )

    def _queue(self, connection, count):
        """Let so many more builds wait, by writing rows like those that ``submit`` wrote: that takes 20 ms for each."""
        model = self.master.db.model
        with connection.begin():
            [like] = connection.execute(model.buildsets.select()).mappings().all()
            [stamp] = connection.execute(model.buildset_sourcestamps.select()).mappings().all()
            [request] = connection.execute(model.buildrequests.select()).mappings().all()
            ids = range(like["id"] + 1, like["id"] + 1 + count)
            connection.execute(model.buildsets.insert(), [{**like, "id": id_} for id_ in ids])
            rows = [{**stamp, "id": id_, "buildsetid": id_} for id_ in ids]
            connection.execute(model.buildset_sourcestamps.insert(), rows)
            connection.execute(model.buildrequests.insert(), [{**request, "id": id_, "buildsetid": id_} for id_ in ids])

    async def throughput(self, builds, waiting):
        """Return (builds a second, milliseconds of CPU a build)."""
        distributor = self.master.botmaster.brd
        distribute, distributor.maybeStartBuildsOn = distributor.maybeStartBuildsOn, lambda _: defer.succeed(None)
        await self.submit()
        await fireEventually()
        more = self.workers  # so that none is idle at the end, and one that goes astray keeps nobody waiting
        await self.master.db.pool.do(self._queue, self.workers + builds + more + waiting - 1)
        distributor.maybeStartBuildsOn = distribute
        distribute(["b"])
        first = await self._until(self.workers)
        begun, cpu = time.perf_counter(), time.process_time()
        done = await self._until(first + builds) - first
        return done / (time.perf_counter() - begun), (time.process_time() - cpu) / done * 1000

    async def _until(self, count):
        """Wait for so many builds to end; return how many have."""
        while self.ended < count:
            await task.deferLater(self.reactor, 0.02)
        return self.ended

    async def latency(self, samples):
        """Return the seconds from submitted to started of builds that come one after the other."""
        found = []
        for _ in range(samples):
            count, ended, submitted = len(self.begun), self.ended, time.perf_counter()
            await self.submit()
            while self.ended == ended:
                await task.deferLater(self.reactor, 0.005)
            found.append(self.begun[count] - submitted)
            await task.deferLater(self.reactor, 0.05)
        return found


async def measure(reactor, url, workers, builds, waiting, samples):
    result = {}
    with tempfile.TemporaryDirectory() as folder:
        peer = Peer(reactor, Path(folder), url, workers)
        await peer.start()
        if samples:
            result["seconds"] = await peer.latency(samples)
        if builds:
            rate, cpu = await peer.throughput(builds, waiting)
            result |= {"builds/s": rate, "CPU ms": cpu}
        result["MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(result), flush=True)


def main(url, *numbers):
    def failed(failure):
        sys.stdout.write(failure.getTraceback()[-1500:])
        sys.stdout.flush()
        os._exit(1)

    def run(reactor):
        ended = defer.ensureDeferred(measure(reactor, url, *map(int, numbers)))
        return ended.addErrback(failed).addBoth(lambda _: os._exit(0))  # its database's threads would wait for ever

    task.react(run)


if __name__ == "__main__":
    main(*sys.argv[1:])
