"""What a turn costs on farms of any size.

    python -m bench.scale [MOST-BUILDERS [MOST-WAITING]]

The milliseconds of CPU, all threads together, of a turn of the dispatcher and of one of the scanner, in SQLite: against
the number of builders up to 10,000 (with 10,000 builds waiting), and against the builds that wait, up to a million (100
builders), unless told otherwise. In the dispatcher's turn all builders are idle, and get a build each; it ends with
the commit. In the scanner's all are building, and all are asked and answer with another tail of their log: what the
protocol costs is not in it.
"""

import sys
import tempfile
import time
import traceback
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from sqlalchemy import literal, update
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import deferLater, react

from bench.dispatching import NOW, fill, give_back
from bench.figures import FAILED, rounded, tell
from bench.filling import copy, numbers
from buildmaster.daemon.config.reading import load
from buildmaster.daemon.parts import make_parts
from buildmaster.daemon.stalls import spare
from buildmaster.daemon.tasksetup import make_tasks
from buildmaster.farm.builders.replies import SlaveStatus
from buildmaster.farm.builders.states import BuilderStatus
from buildmaster.farm.vocabulary.archives import Pocket, Publishing, Urgency
from buildmaster.files.layout import make_folders
from buildmaster.model.dispatch.claiming import claim
from buildmaster.model.tables.archive import SourcePackageRelease, SourcePublication
from buildmaster.model.tables.builds import Build, BuildQueue
from buildmaster.tasks.scanner.turn import EVERYBODY
from buildmaster.work.transactions import Transactions, make_engine
from buildmaster.work.upgrading import upgrade

MANY, SOME, FEW = 10_000, 100, 10
REPEATS = 5
PIECE = 100_000  # rows of a table that are written at once
FILLING = 100.0  # seconds after which no more rows are added
LIMIT = 40.0  # seconds of one size, after which it is repeated no more
CONF = "[buildmaster]\nroot = {}\n[slaves]\npoll_building = 0\n"


class Farm:
    """A SQLite farm of so many idle builders, to which builds that wait are added."""

    def __init__(self, builders):
        self._folder = tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True)
        self.root = Path(self._folder.name)
        path = self.root / "farm.conf"
        path.write_text(CONF.format(self.root))
        self.config = load(path)
        make_folders(self.root)
        self.transactions = Transactions(make_engine(self.config.database.url))
        upgrade(self.transactions.engine)
        self.transactions.write(fill, builders, 0)
        self.builders, self.waiting = builders, 0

    def wait(self, count):
        """Let so many builds wait, or as many as there is time to add."""
        over = time.monotonic() + FILLING
        while self.waiting < count and time.monotonic() < over:
            more = min(PIECE, count - self.waiting)
            self.transactions.write(add_waiting, self.waiting + 1, self.waiting + more)
            self.waiting += more

    def close(self):
        self.transactions.engine.dispose()
        self._folder.cleanup()


def add_waiting(session, first, last):
    """Let builds wait with the ids from ``first`` to ``last``, each of its own source, with scores of all sizes."""
    number = numbers(first, last).c.n
    release = {"version": "1", "component": "main", "section": "x", "urgency": Urgency.LOW, "upload_archive_id": 1}
    release |= {"architecturehintlist": "any", "upload_series_id": 1, "date_uploaded": NOW}
    place = {"archive_id": 1, "series_id": 1, "pocket": Pocket.RELEASE, "component": "main", "section": "x"}
    place |= {"status": Publishing.PUBLISHED, "date_created": NOW, "examined": True}
    build = {"datecreated": NOW, "distroarchseries_id": 1, "archive_id": 1, "processor_id": 1, "arch_indep": False}
    entry = {"created": NOW, "is_trusted": True, "processor_id": 1, "score_step": 0}
    for model, columns, fixed in (
        (SourcePackageRelease, {"id": number, "name": literal("s").concat(number)}, release),
        (SourcePublication, {"release_id": number}, place),
        (Build, {"id": number, "sourcepackagerelease_id": number}, build | {"pocket": Pocket.RELEASE}),
        (BuildQueue, {"id": number, "build_id": number, "lastscore": number * 7919 % 5000}, entry),
    ):
        copy(session, model, columns, fixed)


def dispatch_turn(farm):
    """Return the row of a turn of the dispatcher."""
    seconds, given, over = [], 0, time.monotonic() + LIMIT
    while len(seconds) < REPEATS and time.monotonic() < over:
        begun = time.process_time()
        given = len(farm.transactions.write(claim, NOW, (), farm.builders).attempt_ids)
        seconds.append(time.process_time() - begun)
        farm.transactions.write(give_back)
    return row_of("dispatcher", farm, given, seconds)


def row_of(job, farm, acted, seconds):
    cost = median(seconds) * 1000
    return {
        "job": job,
        "builders": farm.builders,
        "waiting": farm.waiting,
        "acted on": acted,
        "CPU ms": rounded(cost),
        "ms a builder": rounded(cost / farm.builders),
    }


class Slaves:
    """Slaves that all build, and answer at once, each time with another end of a log."""

    def __init__(self):
        self.asked = 0  # times in all

    def of(self, builder):
        return Voice(self, builder.job.cookie)

    def close(self):
        """Have nothing to close."""


class Voice:
    def __init__(self, slaves, cookie):
        self.slaves, self.cookie = slaves, cookie

    def status(self):
        self.slaves.asked += 1
        tail = f"{self.slaves.asked}\n" + "cc -O2 -c some/file.c\n" * 90
        return succeed(SlaveStatus(BuilderStatus.BUILDING, cookie=self.cookie, logtail=tail))


async def scan_turn(reactor, farm):
    """Return the row of a turn of the scanner."""
    slaves, seconds, over = Slaves(), [], time.monotonic() + LIMIT
    parts = make_parts(farm.config, reactor, farm.transactions, lambda _: None)
    parts = replace(parts, slaves=slaves)
    parts.database.start()
    scanner = make_tasks(parts)["slave_scanner"]
    spare()
    try:
        while len(seconds) < REPEATS and time.monotonic() < over:
            await deferLater(reactor, EVERYBODY)
            begun, before = time.process_time(), slaves.asked
            await Deferred.fromCoroutine(scanner.run())
            seconds.append(time.process_time() - begun)
    finally:
        parts.database.stop()
    return row_of("scanner", farm, slaves.asked - before, seconds)


def begin_all(farm):
    """Give each builder a build, as if it had begun it now."""
    farm.transactions.write(claim, datetime.now(UTC), (), farm.builders)
    farm.transactions.write(lambda session: session.execute(update(BuildQueue).values(logtail=None)) and None)


async def against_waiting(reactor, most):
    """Return the rows of the dispatcher's turns with ever more builds waiting."""
    farm, rows = Farm(SOME), []
    try:
        for size in [0, *sizes(MANY, most)]:
            farm.wait(size)
            rows.append(dispatch_turn(farm))
            print(rows[-1], flush=True)
    finally:
        farm.close()
    return rows


async def against_builders(reactor, most):
    """Return the rows of both turns with ever more builders."""
    rows = []
    for builders in sizes(FEW, most):
        farm = Farm(builders)
        try:
            farm.wait(MANY)
            rows.append(dispatch_turn(farm))
            begin_all(farm)
            rows.append(await scan_turn(reactor, farm))
        finally:
            farm.close()
        print(*rows[-2:], sep="\n", flush=True)
    return rows


def sizes(first, most):
    """Return sizes, each ten times the one before."""
    return [first * 10**power for power in range(8) if first * 10**power <= most]


async def measure(reactor, builders, waiting):
    rows = []
    for name, series, most in (("builders", against_builders, builders), ("waiting", against_waiting, waiting)):
        try:
            rows += await series(reactor, most)
        except Exception as error:  # noqa: BLE001 - one series' failure spares the other
            traceback.print_exc()
            rows.append({"job": f"against {name}", FAILED: f"{type(error).__name__}: {error}"[:100]})
    tell([("Turns", row) for row in rows])


def main(builders=10_000, waiting=1_000_000):
    react(lambda reactor: Deferred.fromCoroutine(measure(reactor, int(builders), int(waiting))))


if __name__ == "__main__":
    main(*sys.argv[1:])
