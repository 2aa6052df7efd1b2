"""Builds that wait for dependencies: which they are, what their archives hold, what becomes of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, func, or_, select, update
from sqlalchemy.orm import Session

from buildmaster.farm.queue.depends import Release, Remain, Wait, provided
from buildmaster.farm.vocabulary.archives import Pocket, Publishing, Purpose
from buildmaster.farm.vocabulary.pockets import BUILDS_ON, EXEMPT, ogre_components
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.queue.rescoring import current_component
from buildmaster.model.queue.retries import put_back, refusal
from buildmaster.model.tables.archive import (
    Archive,
    ArchiveDependency,
    BinaryPackageRelease,
    BinaryPublication,
    SourcePackageRelease,
)
from buildmaster.model.tables.builds import Build
from buildmaster.model.tables.distribution import DistroArchSeries
from buildmaster.model.tables.files import StoredFile
from buildmaster.model.tables.mirrors import MirrorIndex


@dataclass(frozen=True)
class Scope:
    """Where a build may take its dependencies from follows from this."""

    archive_id: int
    purpose: Purpose
    architecture_id: int
    series_id: int
    pocket: Pocket
    component: str


@dataclass(frozen=True)
class Waiting:
    """A build in dependency wait, and where what it waits for may come from."""

    wait: Wait
    scope: Scope


@dataclass(frozen=True)
class Holdings:
    """What archives of ours hold of some names. ``dates`` tells when each name last came.

    ``indices`` are the SHA-256s of the offers of mirrors outside, which hold the rest. ``known`` is false where there
    is nothing to look into.
    """

    offers: dict[str, set[str | None]]
    dates: dict[str, datetime]
    indices: tuple[str, ...]
    known: bool


def waiting_builds(session: Session) -> tuple[Waiting, ...]:
    """Return all builds in dependency wait."""
    rows = session.execute(
        select(
            *(Build.id, Build.dependencies, Build.datebuilt, Build.datecreated, Build.dependency_retries),
            *(Build.archive_id, Archive.purpose, Build.distroarchseries_id, DistroArchSeries.series_id),
            *(Build.pocket, DistroArchSeries.architecturetag, current_component()),
        )
        .join(Archive, Archive.id == Build.archive_id)
        .join(DistroArchSeries, DistroArchSeries.id == Build.distroarchseries_id)
        .join(SourcePackageRelease, SourcePackageRelease.id == Build.sourcepackagerelease_id)
        .where(Build.buildstate == BuildState.MANUALDEPWAIT)
        .order_by(Build.id),
    )
    return tuple(_waiting(row) for row in rows)


def _waiting(row: Any) -> Waiting:  # Any: a row of many columns
    since = row.datebuilt or row.datecreated
    return Waiting(
        Wait(row.id, row.dependencies or "", row.architecturetag, since, row.dependency_retries),
        Scope(row.archive_id, row.purpose, row.distroarchseries_id, row.series_id, row.pocket, row.component),
    )


def published_since(session: Session, then: datetime | None) -> tuple[datetime | None, frozenset[str]]:
    """Return when a binary was last published, and the names that came since ``then`` (all that matter, if None)."""
    latest = session.scalar(select(func.max(BinaryPublication.date_published)))
    if then is None or latest is None:
        return latest, frozenset()
    rows = session.execute(
        select(BinaryPackageRelease.name, BinaryPackageRelease.provides)
        .join(BinaryPublication, BinaryPublication.release_id == BinaryPackageRelease.id)
        .where(BinaryPublication.date_published >= then)
        .distinct(),
    )
    return latest, frozenset(name for row in rows for name in (row.name, *(other for other, _ in provided(row[1]))))


def mirrors_fetched(session: Session) -> datetime | None:
    """Return when an index of a mirror last changed."""
    return session.scalar(select(func.max(MirrorIndex.date_fetched)))


def holdings(session: Session, scope: Scope, names: Collection[str]) -> Holdings:
    """Return what the archives that a build may use hold of ``names``."""
    here, beyond = _archives(session, scope)
    mirrors = _mirrors(session, scope, here | beyond, MirrorIndex.offers_id)
    published = _published(scope, here, beyond)
    known = bool(mirrors) or session.scalar(select(BinaryPublication.id).where(published).limit(1)) is not None
    found: dict[str, set[str | None]] = {}
    dates: dict[str, datetime] = {}
    for name, version, date in _offers(session, published, names):
        found.setdefault(name, set()).add(version)
        dates[name] = max(date, dates.get(name, date))
    return Holdings(found, dates, mirrors, known)


def _archives(session: Session, scope: Scope) -> tuple[set[int], set[int]]:
    """Return the archives that a build uses in its own way, and (of a PPA or partner) the primary one, used wholly."""
    dependencies = select(ArchiveDependency.dependency_id).where(ArchiveDependency.archive_id == scope.archive_id)
    here = {scope.archive_id, *session.scalars(dependencies)}
    if scope.purpose not in EXEMPT:
        return here, set()
    distribution = select(Archive.distribution_id).where(Archive.id == scope.archive_id).scalar_subquery()
    primary = select(Archive.id).where(Archive.distribution_id == distribution, Archive.purpose == Purpose.PRIMARY)
    return here, set(session.scalars(primary))


def _published(scope: Scope, here: set[int], beyond: set[int]) -> ColumnElement[bool]:
    publication = BinaryPublication
    there = and_(
        publication.archive_id.in_(here | beyond),
        publication.distroarchseries_id == scope.architecture_id,
        publication.status == Publishing.PUBLISHED,
    )
    if scope.purpose in EXEMPT:
        return and_(there, or_(publication.archive_id.in_(here), publication.pocket.in_(BUILDS_ON[Pocket.UPDATES])))
    components = ogre_components(scope.component, scope.pocket)
    return and_(there, publication.pocket.in_(BUILDS_ON[scope.pocket]), publication.component.in_(components))


def _offers(
    session: Session,
    published: ColumnElement[bool],
    names: Collection[str],
) -> Sequence[tuple[str, str | None, datetime]]:
    release = BinaryPackageRelease
    virtual = [release.provides.contains(name, autoescape=True) for name in names]
    rows = session.execute(
        select(release.name, release.version, release.provides, func.coalesce(*_dates()))
        .join(BinaryPublication, BinaryPublication.release_id == release.id)
        .where(published, or_(release.name.in_(names), *virtual)),
    )
    return [
        (name, version, date)
        for real, real_version, provides, date in rows
        for name, version in ((real, real_version), *provided(provides))
        if name in names
    ]


def _dates() -> tuple[Any, Any]:  # Any: columns with and without None
    return BinaryPublication.date_published, BinaryPublication.date_created


def usable_binaries(session: Session, scope: Scope) -> ColumnElement[bool]:
    """Return what holds for the publications of binaries that a build may use."""
    return _published(scope, *_archives(session, scope))


def mirror_packages(session: Session, scope: Scope) -> tuple[str, ...]:
    """Return the SHA-256s of the whole Packages indices of mirrors that a build may use."""
    here, beyond = _archives(session, scope)
    return _mirrors(session, scope, here | beyond, MirrorIndex.packages_id)


def _mirrors(session: Session, scope: Scope, archives: set[int], file_id: SQLColumnExpression[int]) -> tuple[str, ...]:
    components = ogre_components(scope.component, scope.pocket)
    tag = select(DistroArchSeries.architecturetag).where(DistroArchSeries.id == scope.architecture_id)
    rows = session.scalars(
        select(StoredFile.sha256)
        .join(MirrorIndex, file_id == StoredFile.id)
        .where(
            MirrorIndex.archive_id.in_(archives),
            MirrorIndex.series_id == scope.series_id,
            MirrorIndex.pocket.in_(BUILDS_ON[scope.pocket]),
            MirrorIndex.component.in_(components),
            MirrorIndex.tag == tag.scalar_subquery(),
        )
        .order_by(MirrorIndex.id),
    )
    return tuple(dict.fromkeys(rows))


def settle(session: Session, now: datetime, verdicts: Sequence[tuple[Wait, Release | Remain]]) -> int:
    """Carry out what was decided about builds that still wait as they did then; return how many were released."""
    return sum(_settle(session, now, wait, verdict) for wait, verdict in verdicts if _still(session, wait))


def _still(session: Session, wait: Wait) -> bool:
    line = select(Build.dependencies).where(Build.id == wait.build_id, Build.buildstate == BuildState.MANUALDEPWAIT)
    row = session.execute(line.with_for_update()).first()
    return row is not None and (row[0] or "") == wait.line


def _settle(session: Session, now: datetime, wait: Wait, verdict: Release | Remain) -> bool:
    if isinstance(verdict, Remain):
        build = update(Build).where(Build.id == wait.build_id)
        values = {"dependencies": verdict.line, "dependency_retries": verdict.retries, "failure": verdict.note}
        session.execute(build.values(**values))
        return False
    if refusal(session, wait.build_id) is not None:
        return False
    put_back(session, now, wait.build_id, dependency_retries=verdict.retries, failure=verdict.reason)
    return True
