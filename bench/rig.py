"""A farm for the benchmarks: a database full of rows, the daemon as a process, simulated slaves in another."""

import contextlib
import json
import math
import os
import resource
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, insert, select

from bench.filling import add_waiting, name_of
from bench.folders import a_folder
from buildmaster.daemon import waking
from buildmaster.farm.builders.states import CleanStatus
from buildmaster.farm.vocabulary.archives import Pocket, Publishing, Purpose, Urgency
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.tables.archive import Archive, SourcePackageRelease, SourcePackageReleaseFile, SourcePublication
from buildmaster.model.tables.builders import Builder, BuilderProcessor
from buildmaster.model.tables.builds import Build, BuildQueue
from buildmaster.model.tables.distribution import Distribution, DistroArchSeries, DistroSeries, PocketChroot, Processor
from buildmaster.model.tables.files import StoredFile
from buildmaster.work.transactions import Transactions, make_engine
from buildmaster.work.upgrading import upgrade

ROOT = Path(__file__).parent.parent
PIECE = 20_000  # rows that are written in a transaction
TICK = os.sysconf("SC_CLK_TCK")
DIGESTS = {"sha256": "0" * 64, "sha1": "0" * 40, "size": 1}
RUN = "import sys; from buildmaster.cli.main import main; sys.argv[0] = 'buildmaster'; main()"
TICKER = "import buildmaster.daemon.stalls; buildmaster.daemon.stalls.INTERVAL = 0.01; "
PLACE = {"archive_id": 1, "series_id": 1, "pocket": Pocket.RELEASE, "component": "main", "section": "misc"}


class Process:
    """A child process, its CPU and its memory."""

    def __init__(self, arguments, log, **options):
        self.popen = subprocess.Popen(
            [sys.executable, *arguments],
            stderr=log,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            **options,
        )

    @property
    def cpu(self):
        """Seconds of CPU so far."""
        return cpu_of(self.popen.pid)

    def memory(self, field="VmHWM"):
        """Return MB: at the peak, or (VmRSS) now."""
        for line in Path(f"/proc/{self.popen.pid}/status").read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1]) / 1024
        return 0.0

    def descriptors(self):
        return len(list(Path(f"/proc/{self.popen.pid}/fd").iterdir()))

    def stop(self):
        self.popen.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(60)
        self.popen.kill()


def cpu_of(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


class Slaves(Process):
    """So many simulated slaves; ``ports`` are theirs."""

    def __init__(self, count, length=(0, 0)):
        more_files()
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        super().__init__(["-m", "bench.slaves", str(count), *map(str, length)], None, **pipes)
        self.ports = json.loads(self.popen.stdout.readline())

    def finish(self):
        """End them, and return what happened."""
        events, _ = self.popen.communicate(timeout=60)
        return json.loads(events)


class Farm:
    """A farm in a folder of its own, with builders for the slaves' ports, and sources that wait."""

    def __init__(self, ports, waiting=0, url=None, conf=""):
        self.root = a_folder()
        self.url = url or f"sqlite:///{self.root}/buildmaster.sqlite"
        self.path = self.root / "farm.conf"
        web = free_port()
        self.path.write_text(
            f"[buildmaster]\nroot = {self.root}\n[database]\nurl = {self.url}\n"
            f"[web]\nport = {web}\npublic_url = http://127.0.0.1:{web}/\n{conf}"
        )
        self.address = f"http://127.0.0.1:{web}/"
        self.transactions = Transactions(make_engine(self.url))
        upgrade(self.transactions.engine)
        self.sources = 0
        self.transactions.write(fill, ports)
        self.add_waiting(waiting)
        self.daemon = None

    def add_waiting(self, count):
        """Let so many more builds wait."""
        for begin in range(0, count, PIECE):
            more = min(PIECE, count - begin)
            self.transactions.write(add_waiting, self.sources + 1, self.sources + more)
            self.sources += more
        if self.url.startswith("postgresql"):
            with self.transactions.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("ANALYZE")

    def accept_source(self):
        """Do what ends an upload; return the name of the .dsc, and the time from which its build is waited for."""
        self.sources += 1
        self.transactions.write(add_sources, [self.sources])
        accepted = time.monotonic()
        waking.send(self.root, ("publisher", "queue_builder"))
        return f"{name_of(self.sources)}_1.0.dsc", accepted

    def start(self, *profile, ticker=False):
        """Start the daemon; with a ``ticker`` it looks at its reactor's clock every 10 ms."""
        more_files()
        code = TICKER * ticker + RUN
        with (self.root / "daemon.log").open("ab") as log:
            self.daemon = Process([*profile, "-c", code, "--config", str(self.path), "run"], log, stdout=log)

    def health(self):
        """Return what the daemon says of itself."""
        with urllib.request.urlopen(f"{self.address}healthz", timeout=20) as answer:
            return json.load(answer)

    def wait_until_ready(self, limit=60.0):
        """Wait until the daemon answers."""
        over = time.monotonic() + limit
        while True:
            try:
                return self.health()
            except OSError:
                self.check(over)
                time.sleep(0.1)

    def check(self, over):
        """End the benchmark if the daemon has ended, or that time has come."""
        if self.daemon.popen.poll() is not None or time.monotonic() > over:
            raise SystemExit(f"the daemon ended, or did not begin:\n{self.log[-3000:]}")

    def held(self):
        """Return how many builders hold a build."""
        count = select(func.count()).select_from(BuildQueue).where(BuildQueue.builder_id.is_not(None))
        return self.transactions.read(lambda session: session.scalar(count))

    def wait_for_held(self, count, limit):
        """Wait until so many do, or the limit is over."""
        over = time.monotonic() + limit
        while self.held() < count and time.monotonic() < over:
            self.check(over)
            time.sleep(0.2)

    def built(self):
        """Return how many builds are FULLYBUILT."""
        count = select(func.count()).select_from(Build).where(Build.buildstate == BuildState.FULLYBUILT)
        return self.transactions.read(lambda session: session.scalar(count))

    def wait_for_built(self, count, limit=300.0):
        """Wait for so many; return samples of (time, CPU of the daemon, how many)."""
        samples, over = [], time.monotonic() + limit
        while not samples or (samples[-1][2] < count and samples[-1][0] < over):
            time.sleep(0.1)
            self.check(math.inf)
            samples.append((time.monotonic(), self.daemon.cpu, self.built()))
        return samples

    @property
    def log(self):
        return (self.root / "daemon.log").read_text(errors="replace")

    def close(self):
        if self.daemon is not None:
            self.daemon.stop()
        self.transactions.engine.dispose()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as bound:
        return bound.getsockname()[1]


def more_files():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def fill(session, ports):
    """Make the places, and a builder for each slave's port."""
    now = datetime.now(UTC)
    session.execute(insert(Processor).values(id=1, name="amd64"))
    session.execute(insert(Distribution).values(id=1, name="ubuntu", title="Ubuntu"))
    session.execute(insert(DistroSeries).values(id=1, distribution_id=1, name="hoary", title="Hoary"))
    session.execute(insert(DistroArchSeries).values(id=1, series_id=1, processor_id=1, architecturetag="amd64"))
    kept = {"filename": "chroot.tar.gz", "mimetype": "application/gzip", "date_created": now, **DIGESTS}
    session.execute(insert(StoredFile).values(**kept))
    chroot = {"distroarchseries_id": 1, "pocket": Pocket.RELEASE, "chroot_id": 1, "date_created": now}
    session.execute(insert(PocketChroot).values(**chroot))
    archive = {"reference": "ubuntu", "distribution_id": 1, "name": "primary", "purpose": Purpose.PRIMARY}
    session.execute(insert(Archive).values(id=1, trusted=True, date_created=now, **archive))
    common = {"title": "", "trusted": True, "clean_status": CleanStatus.CLEAN, "date_created": now}
    common |= {"kinds": "binarypackage", "version": "1.0"}
    urls = [{"id": n, "name": f"b{n}", "url": f"http://127.0.0.1:{port}/", **common} for n, port in enumerate(ports, 1)]
    if urls:
        session.execute(insert(Builder), urls)
        session.execute(insert(BuilderProcessor), [{"builder_id": row["id"], "processor_id": 1} for row in urls])


def add_sources(session, numbers, status=Publishing.PENDING, *, examined=False):
    """Accept sources; return the ids of the releases."""
    now = datetime.now(UTC)
    release = {"version": "1.0", "component": "main", "section": "misc", "urgency": Urgency.LOW}
    release |= {"architecturehintlist": "any", "upload_archive_id": 1, "upload_series_id": 1, "date_uploaded": now}
    rows = [{"name": name_of(n), "binaries": name_of(n), **release} for n in numbers]
    returning = insert(SourcePackageRelease).returning(SourcePackageRelease.id, sort_by_parameter_order=True)
    ids = list(session.scalars(returning, rows))
    files = [f"{name_of(n)}_1.0.{end}" for n in numbers for end in ("dsc", "tar.xz")]
    kept = {"mimetype": "application/octet-stream", "date_created": now, **DIGESTS}
    returning = insert(StoredFile).returning(StoredFile.id, sort_by_parameter_order=True)
    file_ids = list(session.scalars(returning, [{"filename": name, **kept} for name in files]))
    held = {"sha256": DIGESTS["sha256"], "size": 1}
    belong = zip([id_ for id_ in ids for _ in range(2)], files, file_ids, strict=True)
    rows = [{"release_id": id_, "filename": name, "file_id": file, **held} for id_, name, file in belong]
    session.execute(insert(SourcePackageReleaseFile), rows)
    place = {**PLACE, "status": status, "date_created": now, "examined": examined}
    session.execute(insert(SourcePublication), [{"release_id": id_, **place} for id_ in ids])
    return ids
