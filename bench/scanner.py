"""Measure the pace of the scanner on a farm of many slaves, some of which hang and some of which answer garbage.

    python bench/scanner.py [SLAVES [HANGING [BABBLING [SECONDS]]]]

The slaves are one other process behind one port, each at a loopback address of its own; all build, and their logs grow.
The turns are the scanner's own, over a SQLite file. The last line is JSON.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from xmlrpc.client import Binary, dumps

import pytz
from sqlalchemy import func, select
from twisted.internet import task
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol

from buildmaster.daemon.config.reading import load
from buildmaster.daemon.parts import make_parts
from buildmaster.daemon.stalls import spare
from buildmaster.daemon.tasksetup import make_tasks
from buildmaster.farm.builders.pacing import SEEN
from buildmaster.farm.builders.states import CleanStatus
from buildmaster.farm.vocabulary.archives import Pocket, Purpose, Urgency
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.files.layout import make_folders
from buildmaster.model.tables.archive import Archive, SourcePackageRelease
from buildmaster.model.tables.builders import Builder
from buildmaster.model.tables.builds import Attempt, Build, BuildQueue
from buildmaster.model.tables.distribution import Distribution, DistroArchSeries, DistroSeries, Processor
from buildmaster.work.transactions import Transactions, make_engine
from buildmaster.work.upgrading import upgrade

NOW = datetime.now(tz=pytz.UTC)
PACE = 0.25  # seconds from the end of a turn to the next, as the conf file has it


class SlaveProtocol(Protocol):
    """One connection to a slave, which is known by the address that was connected to."""

    asked = 0

    def connectionMade(self):
        _, _, high, low = self.transport.getHost().host.split(".")
        self.number = int(high) * 250 + int(low) - 1
        if self.number < HANGING:
            self.dataReceived = lambda _: None
        elif self.number < HANGING + BABBLING:
            self.dataReceived = lambda _: self.transport.write(b"SSH-2.0-OpenSSH_9\r\n")

    def dataReceived(self, data):
        self.asked += 1
        tail = f"{self.asked}\n".encode() + b"cc -O2 -c some/file.c\n" * 90
        fields = {"builder_status": "BuilderStatus.BUILDING", "build_id": cookie(self.number), "logtail": Binary(tail)}
        body = dumps((fields,), methodresponse=True).encode()
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def cookie(number):
    return f"{number + 1}-{number + 1}"


def address(number):
    """Return a slave's own address in the loopback network."""
    return f"127.0.{number // 250}.{number % 250 + 1}"


def serve(reactor):
    """Be all the slaves."""
    slaves = Factory.forProtocol(SlaveProtocol)
    port = reactor.listenTCP(0, slaves, interface=address(0)).getHost().port
    for number in range(1, SLAVES):
        reactor.listenTCP(port, slaves, interface=address(number))
    print(port, flush=True)
    return Deferred()


def fill(session, port):
    """Add the builders, each with a build under way."""
    ubuntu = Distribution(name="ubuntu", title="Ubuntu")
    hoary = DistroSeries(name="hoary", title="hoary", distribution=ubuntu)
    amd64 = DistroArchSeries(series=hoary, processor=Processor(name="amd64"), architecturetag="amd64")
    archive = Archive(
        distribution=ubuntu, reference="ubuntu", name="primary", purpose=Purpose.PRIMARY, trusted=True, date_created=NOW
    )
    session.add_all([hoary, amd64, archive])
    session.flush()
    for number in range(SLAVES):
        _add(session, amd64, archive, number, port)


def _add(session, amd64, archive, number, port):
    release = SourcePackageRelease(
        name=f"pkg{number}", version="1.0", architecturehintlist="any", component="main", section="devel",
        urgency=Urgency.LOW, upload_archive_id=archive.id, upload_series_id=amd64.series_id, date_uploaded=NOW,
    )  # fmt: skip
    builder = Builder(
        name=f"b{number}", title="", url=f"http://{address(number)}:{port}/", trusted=True,
        processors=[amd64.processor], clean_status=CleanStatus.DIRTY, kinds="binarypackage", date_created=NOW,
    )  # fmt: skip
    build = Build(
        datecreated=NOW, release=release, architecture=amd64, archive=archive, processor=amd64.processor,
        pocket=Pocket.RELEASE, arch_indep=False, buildstate=BuildState.BUILDING,
    )  # fmt: skip
    started = NOW - timedelta(seconds=number % 120)
    build.entry = BuildQueue(
        created=NOW, is_trusted=True, processor=amd64.processor, builder=builder, buildstart=started
    )
    session.add(
        Attempt(
            build=build,
            builder=builder,
            number=1,
            cookie=cookie(number),
            state=BuildState.BUILDING,
            started=started,
            accepted=started,
        )
    )


class Stall:
    """The longest time that the reactor was held up."""

    def __init__(self):
        self.worst, self._last = 0.0, time.monotonic()
        task.LoopingCall(self.look).start(0.01)

    def look(self):
        now = time.monotonic()
        self.worst, self._last = max(self.worst, now - self._last - 0.01), now


async def turns(reactor, parts):
    """Give the scanner its turns; return how many seconds each took."""
    scanner, taken = make_tasks(parts)["slave_scanner"], []
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        began = time.monotonic()
        await Deferred.fromCoroutine(scanner.run())
        taken.append(time.monotonic() - began)
        await task.deferLater(reactor, PACE, lambda: None)
    return sorted(taken)


async def measure(reactor, config, transactions):
    parts = make_parts(config, reactor, transactions, lambda _: None)
    parts.database.start()
    spare()
    stall, began = Stall(), time.process_time()
    taken = await turns(reactor, parts)
    used = time.process_time() - began
    scanned = await parts.database.read(_told)
    parts.slaves.close()
    parts.database.stop()
    found = {
        "slaves": SLAVES, "hanging": HANGING, "babbling": BABBLING, "seconds": SECONDS, "turns": len(taken),
        "median_turn": round(taken[len(taken) // 2], 3), "worst_turn": round(taken[-1], 3),
        "cpu_share": round(used / SECONDS, 3), "worst_stall": round(stall.worst, 3),
        "memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, **scanned,
    }  # fmt: skip
    print(json.dumps(found))


def _told(session):
    """Return how many slaves were heard of lately (that is noted once a minute), and how many logs have a tail."""
    since = datetime.now(tz=pytz.UTC) - timedelta(seconds=SEEN + 20)
    heard = session.scalar(select(func.count()).select_from(Builder).where(Builder.last_seen > since))
    tails = session.scalar(select(func.count()).select_from(BuildQueue).where(BuildQueue.logtail.is_not(None)))
    return {"heard_lately": heard, "log_tails": tails}


def main():
    with tempfile.TemporaryDirectory() as folder:
        slaves = subprocess.Popen([sys.executable, __file__, *sys.argv[1:], "--serve"], stdout=subprocess.PIPE)
        try:
            port = int(slaves.stdout.readline())
            path = Path(folder) / "farm.conf"
            path.write_text(f"[buildmaster]\nroot = {folder}\n")
            config = load(path)
            transactions = Transactions(make_engine(config.database.url))
            upgrade(transactions.engine)
            transactions.write(fill, port)
            make_folders(config.root)
            task.react(measure, (config, transactions))
        finally:
            slaves.kill()


GIVEN = [int(word) for word in sys.argv[1:] if word != "--serve"]
SLAVES, HANGING, BABBLING, SECONDS = (*GIVEN, *(1000, 20, 20, 60)[len(GIVEN) :])
if __name__ == "__main__":
    task.react(serve) if sys.argv[-1] == "--serve" else main()
