"""What a slave must be told to build an attempt: chroot, files, and the arguments of ``build()``."""

import base64
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.sql.base import ExecutableOption

from buildmaster.farm.facts import BuilderFacts
from buildmaster.farm.pockets import AptSource, BuildPlace, sources_list
from buildmaster.farm.states import ACTIVE, Pocket, Purpose
from buildmaster.farm.titles import build_title
from buildmaster.model.archive import (
    Archive,
    ArchiveDependency,
    SourcePackageRelease,
    SourcePackageReleaseFile,
    SourcePublication,
)
from buildmaster.model.builders import Builder
from buildmaster.model.builds import Attempt, Build
from buildmaster.model.distribution import PocketChroot
from buildmaster.model.files import StoredFile, file_path
from buildmaster.model.mirrors import MirrorIndex

Shared = dict[tuple[object, ...], Any]  # what several orders have in common, by what it depends on


@dataclass(frozen=True)
class OrderFile:
    """A file that the slave is to fetch; the path is below the address that slaves know; no secret: it is public."""

    name: str
    sha1: str
    path: str
    secret: str | None


@dataclass(frozen=True)
class OrderFacts:
    """An attempt that a slave is to be told of."""

    builder: BuilderFacts
    attempt_id: int
    cookie: str
    title: str
    chroot: OrderFile
    files: tuple[OrderFile, ...]
    args: dict[str, Any]  # Any: of several types, as the slave wants them


def orders(session: Session, attempt_ids: Collection[int]) -> tuple[OrderFacts, ...]:
    """Return the orders of these attempts."""
    shared: Shared = {}
    attempts = session.scalars(select(Attempt).where(Attempt.id.in_(attempt_ids)).options(*_told()))
    return tuple(_order(session, attempt, shared) for attempt in attempts)


def _told() -> tuple[ExecutableOption, ...]:
    """Load in few statements, whatever the number of attempts, what each order tells."""
    build = joinedload(Attempt.build, innerjoin=True)
    files = build.joinedload(Build.release, innerjoin=True).selectinload(SourcePackageRelease.files)
    return (
        joinedload(Attempt.builder, innerjoin=True).selectinload(Builder.processors),
        files.joinedload(SourcePackageReleaseFile.file),
    )


def _order(session: Session, attempt: Attempt, shared: Shared) -> OrderFacts:
    build, series = attempt.build, attempt.build.architecture.series
    names = (series.distribution.name, series.name)
    release, place = build.release, (build.distroarchseries_id, build.pocket)
    return OrderFacts(
        builder=_builder(attempt.builder),
        attempt_id=attempt.id,
        cookie=attempt.cookie,
        title=build_title(build.architecture.architecturetag, release.name, release.version, names, build.pocket),
        chroot=_shared(shared, place, lambda: _file(session, _chroot(session, build))),
        files=tuple(_file(session, source.file) for source in release.files if source.file is not None),
        args=arguments(session, build, shared),
    )


def _shared(shared: Shared, key: tuple[object, ...], ask: Callable[[], Any]) -> Any:  # Any: whatever is asked for
    """Return what is the same for several orders, asked for once."""
    if key not in shared:
        shared[key] = ask()
    return shared[key]


def _builder(builder: Builder) -> BuilderFacts:
    processors = tuple(processor.name for processor in builder.processors)
    return BuilderFacts(
        id=builder.id,
        name=builder.name,
        url=builder.url,
        trusted=builder.trusted,
        processors=processors,
        vm_host=builder.vm_host,
        kinds=tuple(builder.kinds.split()),
    )


def _chroot(session: Session, build: Build) -> StoredFile:
    """Return the chroot of the build's pocket, or else RELEASE's."""
    query = select(PocketChroot).where(
        PocketChroot.distroarchseries_id == build.distroarchseries_id,
        PocketChroot.pocket.in_((build.pocket, Pocket.RELEASE)),
    )
    return session.scalars(query.order_by(PocketChroot.pocket.desc()).limit(1)).one().chroot


def _file(session: Session, file: StoredFile) -> OrderFile:
    archive = None if file.archive_id is None else session.get(Archive, file.archive_id)
    secret = None if archive is None else archive.buildd_secret
    return OrderFile(file.filename, file.sha1, file_path(file.id, file.filename), secret)


def arguments(
    session: Session,
    build: Build,
    shared: Shared | None = None,
) -> dict[str, Any]:  # Any: of several types, as the slave wants them
    """Return the arguments of ``build()``, of the classic master and of today's together.

    ``shared`` keeps what other builds of the same place can use.
    """
    series = build.architecture.series
    component = current_component(session, build)
    args = {
        "series": series.name,
        "suite": series.name + build.pocket.suffix,
        "distribution": series.distribution.name,
        "ogrecomponent": component,
        "arch_tag": build.architecture.architecturetag,
        "arch_indep": build.arch_indep,
        "archive_purpose": build.archive.purpose.name,
        "archive_private": build.archive.private,
        "build_debug_symbols": False,
    }
    place = (build.archive_id, build.distroarchseries_id, build.pocket, component)
    apt: dict[str, Any] = _shared({} if shared is None else shared, place, lambda: _apt(session, build, component))
    return args | apt


def current_component(session: Session, build: Build) -> str:
    """Return the component of the source's newest active publication in the build's place, or else its own."""
    query = select(SourcePublication.component).where(
        SourcePublication.release_id == build.sourcepackagerelease_id,
        SourcePublication.archive_id == build.archive_id,
        SourcePublication.series_id == build.architecture.series_id,
        SourcePublication.status.in_(ACTIVE),
    )
    found = session.scalar(query.order_by(SourcePublication.id.desc()).limit(1))
    return build.release.component if found is None else found


def _apt(session: Session, build: Build, component: str) -> dict[str, Any]:  # Any: as above
    """Return the sources.list and the keys for it; nothing where there is no archive to read from."""
    others = _dependencies(session, build.archive)
    primary = _primary(session, build)
    sources = {archive.id: _apt_source(session, archive, build) for archive in (build.archive, *others, *primary)}
    place = BuildPlace(
        series=build.architecture.series.name,
        pocket=build.pocket,
        component=component,
        purpose=build.archive.purpose,
        private=build.archive.private,
    )
    lines = sources_list(
        place,
        sources[build.archive_id],
        tuple(sources[archive.id] for archive in others),
        next((sources[archive.id] for archive in primary), None),
    )
    keys = [archive.key for archive in (build.archive, *others, *primary) if archive.key]
    trusted = [base64.b64encode(key.encode()).decode() for key in dict.fromkeys(keys)]
    return ({"archives": list(lines)} | ({"trusted_keys": trusted} if trusted else {})) if lines else {}


def _dependencies(session: Session, archive: Archive) -> list[Archive]:
    query = select(Archive).join(ArchiveDependency, ArchiveDependency.dependency_id == Archive.id)
    return list(session.scalars(query.where(ArchiveDependency.archive_id == archive.id).order_by(ArchiveDependency.id)))


def _primary(session: Session, build: Build) -> list[Archive]:
    query = select(Archive).where(
        Archive.distribution_id == build.archive.distribution_id, Archive.purpose == Purpose.PRIMARY
    )
    return list(session.scalars(query.limit(1)))


def _apt_source(session: Session, archive: Archive, build: Build) -> AptSource:
    """Return the archive as apt reads it: one without an address outside is not there for apt."""
    if not archive.url:
        return AptSource("", frozenset())
    query = select(MirrorIndex.pocket).where(
        MirrorIndex.archive_id == archive.id, MirrorIndex.series_id == build.architecture.series_id
    )
    pockets = frozenset(session.scalars(query.distinct())) | {Pocket.RELEASE}
    components = tuple(archive.components.replace(",", " ").split()) if archive.components else None
    return AptSource(archive.url, pockets, components, archive.buildd_secret if archive.private else None)
