"""What a slave must be told to build an attempt: chroot, files, and the arguments of ``build()``.

A turn asks for all its attempts at once, and once for each place what builds of one place share.
"""

import base64
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.orm import Session

from buildmaster.farm.builders.facts import BuilderFacts
from buildmaster.farm.queue.sourceslist import BUILDD_USER, AptSource, BuildPlace, sources_list
from buildmaster.farm.text.titles import build_title
from buildmaster.farm.vocabulary.archives import Pocket, Purpose
from buildmaster.model.queue.rescoring import current_component
from buildmaster.model.tables.archive import Archive, ArchiveDependency, SourcePackageRelease, SourcePackageReleaseFile
from buildmaster.model.tables.builders import Builder, BuilderProcessor
from buildmaster.model.tables.builds import Attempt, Build
from buildmaster.model.tables.distribution import Distribution, DistroArchSeries, DistroSeries, PocketChroot, Processor
from buildmaster.model.tables.files import StoredFile, file_path
from buildmaster.model.tables.mapping import IDS, AnyRow, AnySelect, table_of
from buildmaster.model.tables.mirrors import MirrorIndex

ATTEMPT, BUILD, ARCHIVE, SOURCE = (table_of(kind).c for kind in (Attempt, Build, Archive, SourcePackageRelease))
ARCHITECTURE, SERIES, DISTRIBUTION = (table_of(kind).c for kind in (DistroArchSeries, DistroSeries, Distribution))
BUILDER, BELONGS, PROCESSOR = (table_of(kind).c for kind in (Builder, BuilderProcessor, Processor))
FILE, SOURCE_FILE, CHROOT = (table_of(kind).c for kind in (StoredFile, SourcePackageReleaseFile, PocketChroot))
DEPENDS, INDEX = table_of(ArchiveDependency).c, table_of(MirrorIndex).c

ATTEMPTS: AnySelect = (
    select(ATTEMPT.id, ATTEMPT.cookie, ATTEMPT.builder_id, BUILD.sourcepackagerelease_id.label("release_id"))
    .add_columns(BUILD.distroarchseries_id.label("architecture_id"), BUILD.pocket, BUILD.arch_indep)
    .add_columns(SOURCE.name.label("source"), SOURCE.version, current_component())
    .add_columns(ARCHITECTURE.architecturetag.label("tag"), ARCHITECTURE.series_id, SERIES.name.label("series"))
    .add_columns(DISTRIBUTION.name.label("distribution"))
    .add_columns(BUILD.archive_id, ARCHIVE.purpose, ARCHIVE.private)
    .join_from(table_of(Attempt), table_of(Build), BUILD.id == ATTEMPT.build_id)
    .join(table_of(SourcePackageRelease), SOURCE.id == BUILD.sourcepackagerelease_id)
    .join(table_of(DistroArchSeries), ARCHITECTURE.id == BUILD.distroarchseries_id)
    .join(table_of(DistroSeries), SERIES.id == ARCHITECTURE.series_id)
    .join(table_of(Distribution), DISTRIBUTION.id == SERIES.distribution_id)
    .join(table_of(Archive), ARCHIVE.id == BUILD.archive_id)
    .where(ATTEMPT.id.in_(IDS))
    .order_by(ATTEMPT.id)
)
BUILDERS: AnySelect = (
    select(BUILDER.id, BUILDER.name, BUILDER.url, BUILDER.trusted, BUILDER.vm_host, BUILDER.kinds)
    .add_columns(PROCESSOR.name.label("processor"))
    .join_from(table_of(Builder), table_of(BuilderProcessor), BELONGS.builder_id == BUILDER.id, isouter=True)
    .outerjoin(table_of(Processor), PROCESSOR.id == BELONGS.processor_id)
    .where(BUILDER.id.in_(IDS))
    .order_by(PROCESSOR.name)
)
STORED = select(FILE.id, FILE.filename, FILE.sha1, ARCHIVE.buildd_secret)
FILES: AnySelect = (
    STORED.add_columns(SOURCE_FILE.release_id)
    .join_from(table_of(SourcePackageReleaseFile), table_of(StoredFile), FILE.id == SOURCE_FILE.file_id)
    .outerjoin(table_of(Archive), ARCHIVE.id == FILE.archive_id)
    .where(SOURCE_FILE.release_id.in_(IDS))
    .order_by(SOURCE_FILE.id)
)
CHROOTS: AnySelect = (
    STORED.join_from(table_of(PocketChroot), table_of(StoredFile), FILE.id == CHROOT.chroot_id)
    .outerjoin(table_of(Archive), ARCHIVE.id == FILE.archive_id)
    .where(
        CHROOT.distroarchseries_id == bindparam("architecture"),
        CHROOT.pocket.in_((bindparam("pocket"), Pocket.RELEASE)),
    )
    .order_by(CHROOT.pocket.desc())
    .limit(1)
)
APT = select(ARCHIVE.id, ARCHIVE.url, ARCHIVE.components, ARCHIVE.key, ARCHIVE.private, ARCHIVE.buildd_secret)
OWN: AnySelect = APT.add_columns(ARCHIVE.distribution_id).where(ARCHIVE.id == bindparam("archive"))
DEPENDENCIES: AnySelect = (
    APT.join_from(table_of(Archive), table_of(ArchiveDependency), DEPENDS.dependency_id == ARCHIVE.id)
    .where(DEPENDS.archive_id == bindparam("archive"))
    .order_by(DEPENDS.id)
)
PRIMARY: AnySelect = (
    APT.where(ARCHIVE.distribution_id == bindparam("distribution"), ARCHIVE.purpose == Purpose.PRIMARY)
    .order_by(ARCHIVE.id)
    .limit(1)
)
POCKETS: AnySelect = (
    select(INDEX.archive_id, INDEX.pocket)
    .where(INDEX.archive_id.in_(IDS), INDEX.series_id == bindparam("series"))
    .distinct()
)


@dataclass(frozen=True)
class SlaveFile:
    """A file that a slave is to fetch; the credentials are empty for a public one."""

    name: str
    sha1: str
    url: str
    username: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class Order:
    """A build that was given to a builder, and all that its slave must be told. ``args`` are those of ``build()``."""

    builder: BuilderFacts
    attempt_id: int
    claimed: datetime
    cookie: str
    title: str
    chroot: SlaveFile
    files: tuple[SlaveFile, ...]
    args: dict[str, Any] = field(repr=False)  # Any: of several types, with credentials in the lines of sources.list

    @property
    def filemap(self) -> dict[str, str]:
        """The sources, by name, with their SHA-1s."""
        return {file.name: file.sha1 for file in self.files}


def orders(session: Session, now: datetime, attempt_ids: Collection[int], files_url: str) -> tuple[Order, ...]:
    """Return the orders of these attempts, which are claimed now.

    ``files_url`` is the address, with a slash at its end, that slaves fetch files from.
    """
    connection = session.connection()
    rows = connection.execute(ATTEMPTS, {"ids": list(attempt_ids)}).all()
    builders = _builders(connection, {row.builder_id for row in rows})
    files = _files(connection, {row.release_id for row in rows}, files_url)
    chroots = {key: _chroot(connection, *key, files_url) for key in {_suite(row) for row in rows}}
    shared = {_place(row): row for row in rows}
    args = {key: _arguments(connection, row) for key, row in shared.items()}
    return tuple(
        Order(
            builder=builders[row.builder_id],
            attempt_id=row.id,
            claimed=now,
            cookie=row.cookie,
            title=build_title(row.tag, row.source, row.version, (row.distribution, row.series), row.pocket),
            chroot=chroots[_suite(row)],
            files=files[row.release_id],
            args={**args[_place(row)], "arch_indep": row.arch_indep},
        )
        for row in rows
    )


def _suite(row: AnyRow) -> tuple[int, Pocket]:
    """Return what the chroot depends on."""
    return row.architecture_id, row.pocket


def _place(row: AnyRow) -> tuple[int, int, Pocket, str]:
    """Return what the arguments depend on, of the build's own all but one."""
    return row.archive_id, row.architecture_id, row.pocket, row.component


def _builders(connection: Connection, ids: Collection[int]) -> dict[int, BuilderFacts]:
    rows: dict[int, list[AnyRow]] = defaultdict(list)
    for row in connection.execute(BUILDERS, {"ids": list(ids)}):
        rows[row.id].append(row)
    return {builder_id: _builder(mine) for builder_id, mine in rows.items()}


def _builder(rows: list[AnyRow]) -> BuilderFacts:
    """Return the builder of these rows: one for each of its processors, or one without."""
    row = rows[0]
    return BuilderFacts(
        id=row.id,
        name=row.name,
        url=row.url,
        trusted=row.trusted,
        processors=tuple(each.processor for each in rows if each.processor is not None),
        vm_host=row.vm_host,
        kinds=tuple(row.kinds.split()),
    )


def _files(connection: Connection, release_ids: Collection[int], files_url: str) -> dict[int, tuple[SlaveFile, ...]]:
    found: dict[int, tuple[SlaveFile, ...]] = defaultdict(tuple)
    for row in connection.execute(FILES, {"ids": list(release_ids)}):
        found[row.release_id] += (_file(row, files_url),)
    return found


def _chroot(connection: Connection, architecture_id: int, pocket: Pocket, files_url: str) -> SlaveFile:
    """Return the chroot of the pocket, or else RELEASE's."""
    row = connection.execute(CHROOTS, {"architecture": architecture_id, "pocket": pocket}).one()
    return _file(row, files_url)


def _file(row: AnyRow, files_url: str) -> SlaveFile:
    """Return the file; without a secret it is public."""
    credentials = {} if row.buildd_secret is None else {"username": BUILDD_USER, "password": row.buildd_secret}
    return SlaveFile(row.filename, row.sha1, files_url + file_path(row.id, row.filename), **credentials)


def _arguments(connection: Connection, row: AnyRow) -> dict[str, Any]:  # Any: of several types, as slaves want them
    """Return the arguments of ``build()`` that builds of one place share, for classic slaves and today's together."""
    return {
        "series": row.series,
        "suite": row.series + row.pocket.suffix,
        "distribution": row.distribution,
        "ogrecomponent": row.component,
        "arch_tag": row.tag,
        "archive_purpose": row.purpose.name,
        "archive_private": row.private,
        "build_debug_symbols": False,
        **_apt(connection, row),
    }


def _apt(connection: Connection, row: AnyRow) -> dict[str, Any]:  # Any: as above
    """Return the sources.list and the keys for it; nothing where there is no archive to read from."""
    own = connection.execute(OWN, {"archive": row.archive_id}).one()
    others = connection.execute(DEPENDENCIES, {"archive": row.archive_id}).all()
    primary = connection.execute(PRIMARY, {"distribution": own.distribution_id}).all()
    archives = (own, *others, *primary)
    sources = _apt_sources(connection, archives, row.series_id)
    lines = sources_list(
        BuildPlace(row.series, row.pocket, row.component, row.purpose, row.private),
        sources[own.id],
        tuple(sources[archive.id] for archive in others),
        next((sources[archive.id] for archive in primary), None),
    )
    keys = [archive.key for archive in archives if archive.key]
    trusted = [base64.b64encode(key.encode()).decode() for key in dict.fromkeys(keys)]
    return ({"archives": list(lines)} | ({"trusted_keys": trusted} if trusted else {})) if lines else {}


def _apt_sources(connection: Connection, archives: Collection[AnyRow], series_id: int) -> dict[int, AptSource]:
    """Return the archives as apt reads them: one without an address outside is not there for apt."""
    pockets: dict[int, set[Pocket]] = defaultdict(lambda: {Pocket.RELEASE})
    outside = [archive.id for archive in archives if archive.url]
    if outside:
        for archive_id, pocket in connection.execute(POCKETS, {"ids": outside, "series": series_id}):
            pockets[archive_id].add(pocket)
    return {archive.id: _apt_source(archive, pockets[archive.id]) for archive in archives}


def _apt_source(archive: AnyRow, pockets: Collection[Pocket]) -> AptSource:
    if not archive.url:
        return AptSource("", frozenset())
    components = tuple(archive.components.replace(",", " ").split()) if archive.components else None
    return AptSource(archive.url, frozenset(pockets), components, archive.buildd_secret if archive.private else None)
