"""What a turn of the dispatcher costs: idle builders against waiting entries, the database included.

    python bench/dispatching.py [BUILDERS [ENTRIES [URL]]]

Prints the milliseconds of reading builders and heads, of matching, and of the whole claim in one transaction; the same
against an empty queue beside it, as the ratio of the two.
"""

import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from statistics import median

import pytz
from sqlalchemy import insert, update

from buildmaster.farm.builders.states import CleanStatus
from buildmaster.farm.vocabulary.archives import Pocket, Publishing, Purpose, Urgency
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.dispatch.claiming import claim
from buildmaster.model.tables.archive import Archive, SourcePackageRelease, SourcePublication
from buildmaster.model.tables.builders import Builder, BuilderProcessor
from buildmaster.model.tables.builds import Attempt, Build, BuildQueue
from buildmaster.model.tables.distribution import Distribution, DistroArchSeries, DistroSeries, PocketChroot, Processor
from buildmaster.model.tables.files import StoredFile
from buildmaster.work.transactions import Transactions, make_engine
from buildmaster.work.upgrading import upgrade

NOW = datetime(2026, 1, 1, tzinfo=pytz.UTC)
REPEATS = 7


def fill(session, builders, entries):
    """Make a farm of so many idle builders and waiting entries."""
    session.execute(insert(Processor).values(id=1, name="amd64"))
    session.execute(insert(Distribution).values(id=1, name="ubuntu", title="Ubuntu"))
    session.execute(insert(DistroSeries).values(id=1, distribution_id=1, name="hoary", title="Hoary"))
    session.execute(insert(DistroArchSeries).values(id=1, series_id=1, processor_id=1, architecturetag="amd64"))
    digests = {"sha256": "0" * 64, "sha1": "0" * 40, "size": 1}
    session.execute(insert(StoredFile).values(id=1, filename="c", mimetype="t", date_created=NOW, **digests))
    chroot = {"distroarchseries_id": 1, "pocket": Pocket.RELEASE, "chroot_id": 1, "date_created": NOW}
    session.execute(insert(PocketChroot).values(**chroot))
    archive = {"reference": "ubuntu", "distribution_id": 1, "name": "primary", "purpose": Purpose.PRIMARY}
    session.execute(insert(Archive).values(id=1, trusted=True, date_created=NOW, **archive))
    _fill_builders(session, builders)
    _fill_queue(session, entries)


def _fill_builders(session, count):
    common = {"trusted": True, "clean_status": CleanStatus.CLEAN, "date_created": NOW}
    rows = [{"id": n, "name": f"b{n}", "title": "", "url": f"http://b{n}/", **common} for n in range(1, count + 1)]
    session.execute(insert(Builder), rows)
    session.execute(insert(BuilderProcessor), [{"builder_id": row["id"], "processor_id": 1} for row in rows])


def _fill_queue(session, count):
    if not count:
        return
    ids = range(1, count + 1)
    release = {
        "version": "1",
        "component": "main",
        "section": "x",
        "urgency": Urgency.LOW,
        "architecturehintlist": "any",
    }
    place = {"upload_archive_id": 1, "upload_series_id": 1, "date_uploaded": NOW}
    session.execute(insert(SourcePackageRelease), [{"id": n, "name": f"s{n}", **release, **place} for n in ids])
    published = {"archive_id": 1, "series_id": 1, "pocket": Pocket.RELEASE, "component": "main", "section": "x"}
    status = {"status": Publishing.PUBLISHED, "date_created": NOW, "examined": True}
    session.execute(insert(SourcePublication), [{"release_id": n, **published, **status} for n in ids])
    build = {"datecreated": NOW, "distroarchseries_id": 1, "archive_id": 1, "processor_id": 1, "pocket": Pocket.RELEASE}
    session.execute(insert(Build), [{"id": n, "sourcepackagerelease_id": n, "arch_indep": False, **build} for n in ids])
    entry = {"created": NOW, "is_trusted": True, "processor_id": 1, "score_step": 0}
    session.execute(insert(BuildQueue), [{"id": n, "build_id": n, "lastscore": n * 7919 % 5000, **entry} for n in ids])


def give_back(session):
    """Undo what a turn has claimed."""
    session.query(Attempt).delete()
    session.execute(
        update(BuildQueue).values(builder_id=None, buildstart=None).where(BuildQueue.builder_id.is_not(None))
    )
    session.execute(
        update(Build).values(buildstate=BuildState.NEEDSBUILD).where(Build.buildstate == BuildState.BUILDING)
    )
    session.execute(update(Builder).values(clean_status=CleanStatus.CLEAN))


def turns(transactions, room):
    """Return the seconds of CPU of some turns, and how many builds each claimed."""
    seconds, claimed = [], 0
    for _ in range(REPEATS):
        begun = time.process_time()
        claimed = len(transactions.write(claim, NOW, (), room).attempt_ids)
        seconds.append(time.process_time() - begun)
        transactions.write(give_back)
    return seconds, claimed


def measure(builders, entries, url=None):
    """Return the median milliseconds of a turn, and how many builds it claimed."""
    with tempfile.TemporaryDirectory() as folder:
        transactions = Transactions(make_engine(url or f"sqlite:///{Path(folder)}/farm.sqlite"))
        upgrade(transactions.engine)
        transactions.write(fill, builders, entries)
        if url:
            with transactions.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("ANALYZE")
        seconds, claimed = turns(transactions, builders)
        transactions.engine.dispose()
    return median(seconds) * 1000, claimed


def main(builders=1000, entries=100_000, url=None):
    """Print the figures."""
    some, few = int(builders), int(entries)
    long, claimed = measure(some, few, url)
    print(f"{some} idle builders, {few} waiting: {long:.1f} ms a turn, {claimed} claimed")
    if url is None:
        short, _ = measure(some, some)
        print(f"{some} idle builders, {some} waiting: {short:.1f} ms a turn")
        print(f"the long queue costs {long / short:.2f} times")


if __name__ == "__main__":
    main(*sys.argv[1:])
