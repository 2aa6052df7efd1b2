"""Rows with good defaults: ubuntu/hoary on i386 (nominated) and amd64, with chroots, and what a test adds to it."""

import itertools
import tempfile
from datetime import datetime
from pathlib import Path

import pytz

from buildmaster.farm.vocabulary.archives import Pocket, Publishing, Purpose, Urgency
from buildmaster.farm.vocabulary.states import HELD, BuildState
from buildmaster.model.tables.archive import (
    Archive,
    BinaryPackageRelease,
    BinaryPublication,
    SourcePackageRelease,
    SourcePackageReleaseFile,
    SourcePublication,
)
from buildmaster.model.tables.builders import Builder
from buildmaster.model.tables.builds import Attempt, Build, BuildQueue
from buildmaster.model.tables.distribution import Distribution, DistroArchSeries, DistroSeries, PocketChroot, Processor
from buildmaster.model.tables.files import StoredFile
from buildmaster.work.database import InlineDatabase
from buildmaster.work.transactions import Transactions, make_engine
from tests.support.databases import hastened, sqlite_url

NOW = datetime(2026, 3, 1, 12, tzinfo=pytz.UTC)
numbers = itertools.count(1)


def a_database(case, url=None):
    """Return the Transactions of a fresh SQLite file, or of the database at ``url``, closed after the test."""
    if url is None:
        folder = tempfile.TemporaryDirectory()
        case.addCleanup(folder.cleanup)
        url = sqlite_url(Path(folder.name))
    transactions = Transactions(hastened(make_engine(url)))
    case.addCleanup(transactions.engine.dispose)
    return transactions


def inline(transactions):
    return InlineDatabase(transactions)


def a_stored_file(session, name="chroot.tar.gz", digit="0", **columns):
    row = StoredFile(
        filename=name,
        mimetype="application/octet-stream",
        sha256=digit * 64,
        sha1=digit * 40,
        size=10,
        date_created=NOW,
        **columns,
    )
    session.add(row)
    session.flush()
    return row


def an_architecture(session, series, tag, *, chroot=True, supports_untrusted=True):
    processor = Processor(name=f"{tag}-{next(numbers)}")
    row = DistroArchSeries(
        series=series,
        processor=processor,
        architecturetag=tag,
        supports_untrusted=supports_untrusted,
    )
    session.add(row)
    session.flush()
    if chroot:
        session.add(
            PocketChroot(architecture=row, pocket=Pocket.RELEASE, chroot=a_stored_file(session), date_created=NOW),
        )
    return row


def a_series(session, name="hoary", tags=("i386", "amd64"), distribution=None, **columns):
    distribution = distribution or Distribution(name=f"ubuntu{next(numbers)}", title="Ubuntu")
    columns = {"title": name, "nominatedarchindep": tags[0] if tags else None, **columns}
    series = DistroSeries(name=name, distribution=distribution, **columns)
    session.add(series)
    session.flush()
    for tag in tags:
        an_architecture(session, series, tag)
    return series


def an_archive(session, distribution, **columns):
    number = next(numbers)
    columns = {"purpose": Purpose.PRIMARY, "trusted": True, "reference": f"archive{number}", "name": "a", **columns}
    row = Archive(distribution=distribution, date_created=NOW, **columns)
    session.add(row)
    session.flush()
    return row


def a_release(session, archive, series, name="pmount", version="1.0-1", hint="any", size=0, **columns):
    defaults = {"component": "main", "section": "devel", "urgency": Urgency.LOW}
    row = SourcePackageRelease(
        name=name,
        version=version,
        architecturehintlist=hint,
        upload_archive_id=archive.id,
        upload_series_id=series.id,
        date_uploaded=NOW,
        **{**defaults, **columns},
    )
    row.files.append(SourcePackageReleaseFile(filename=f"{name}_{version}.dsc", sha256="0" * 64, size=size))
    session.add(row)
    session.flush()
    return row


def a_publication(session, release, archive, series, **columns):
    defaults = {
        "pocket": Pocket.RELEASE,
        "component": release.component,
        "section": release.section,
        "status": Publishing.PENDING,
    }
    row = SourcePublication(
        release=release,
        archive=archive,
        series=series,
        date_created=NOW,
        **{**defaults, **columns},
    )
    session.add(row)
    session.flush()
    return row


class Place:
    """A series and an archive of its distribution, in a session of their own; ``publish`` puts a source there."""

    def __init__(self, session, **archive):
        self.session = session
        self.series = a_series(session)
        self.archive = an_archive(session, self.series.distribution, **archive)

    def publish(self, name="pmount", version="1.0-1", hint="any", **columns):
        release = a_release(self.session, self.archive, self.series, name, version, hint, **columns)
        return a_publication(self.session, release, self.archive, self.series)


def a_build(session, publication, architecture, state=BuildState.NEEDSBUILD, **columns):
    """Add a build of a published source; one that waits or is held has an entry."""
    build = Build(
        datecreated=NOW,
        release=publication.release,
        architecture=architecture,
        archive=publication.archive,
        processor=architecture.processor,
        pocket=publication.pocket,
        arch_indep=False,
        **{"buildstate": state, **columns},
    )
    if state in HELD | {BuildState.NEEDSBUILD}:
        build.entry = BuildQueue(created=NOW, is_trusted=publication.archive.trusted, processor=architecture.processor)
    session.add(build)
    session.flush()
    return build


def a_builder(session, **columns):
    number = next(numbers)
    defaults = {"name": f"bob{number}", "title": "Bob", "url": f"http://bob{number}:8221/", "trusted": True}
    builder = Builder(**{"date_created": NOW, **defaults, **columns})
    session.add(builder)
    session.flush()
    return builder


def an_attempt(session, build, builder=None, **columns):
    """Add a live attempt at a build, which its builder holds."""
    builder = builder or a_builder(session)
    defaults = {"number": 1, "cookie": f"{build.id}-{build.entry.id}", "state": build.buildstate, "started": NOW}
    attempt = Attempt(build=build, builder=builder, **{**defaults, **columns})
    build.entry.builder, build.entry.buildstart = builder, NOW
    session.add(attempt)
    session.flush()
    return attempt


def a_binary_release(session, build, name, version, **columns):
    """Add a binary package that a build made, which is published nowhere."""
    columns = {"architecture": build.architecture.architecturetag, "kind": "deb", **columns}
    row = BinaryPackageRelease(
        build_id=build.id,
        name=name,
        version=version,
        component="main",
        section="devel",
        priority="optional",
        control=f"Package: {name}\nVersion: {version}\n",
        file=a_stored_file(session, f"{name}.deb"),
        **columns,
    )
    session.add(row)
    session.flush()
    return row


def a_binary(session, build, name="cpp", version="1.0", provides="", **publication):
    """Add a binary package that a build made, published where it was built; return the publication."""
    release = a_binary_release(session, build, name, version, provides=provides)
    defaults = {
        "archive": build.archive,
        "architecture": build.architecture,
        "pocket": build.pocket,
        "component": "main",
        "status": Publishing.PUBLISHED,
        "date_published": NOW,
    }
    row = BinaryPublication(
        release=release,
        section="devel",
        priority="optional",
        date_created=NOW,
        **{**defaults, **publication},
    )
    session.add(row)
    session.flush()
    return row
