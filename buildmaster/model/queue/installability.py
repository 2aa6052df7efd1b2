"""Builds that are held back because their build-dependencies can't be installed."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from buildmaster.farm.queue.dispatching import UNMET
from buildmaster.farm.queue.installability import WaitingSource
from buildmaster.model.queue.depwaits import Scope, mirror_packages, usable_binaries
from buildmaster.model.queue.rescoring import current_component
from buildmaster.model.tables.archive import Archive, BinaryPackageRelease, BinaryPublication, SourcePackageRelease
from buildmaster.model.tables.builds import Build, BuildQueue
from buildmaster.model.tables.distribution import DistroArchSeries
from buildmaster.model.tables.mapping import AnyRow


@dataclass(frozen=True)
class Case:
    """What the solver is asked at once: the builds that wait in one place, and the packages that are there.

    ``indices`` are the SHA-256s of whole Packages indices of mirrors; ``stanzas`` are our own packages'.
    """

    tag: str
    sources: tuple[WaitingSource, ...]
    indices: tuple[str, ...]
    stanzas: tuple[str, ...]


def cases(session: Session) -> tuple[Case, ...]:
    """Return what can be asked about the builds that wait: where a mirror is known, for nothing builds without one."""
    waiting: dict[tuple[str, Scope], list[WaitingSource]] = {}
    for row in _waiting(session):
        scope = Scope(row.archive_id, row.purpose, row.das_id, row.series_id, row.pocket, row.component)
        waiting.setdefault((row.architecturetag, scope), []).append(_source(row))
    found = (_case(session, tag, scope, sources) for (tag, scope), sources in waiting.items())
    return tuple(case for case in found if case.indices)


def _case(session: Session, tag: str, scope: Scope, sources: list[WaitingSource]) -> Case:
    indices = mirror_packages(session, scope)
    stanzas = select(BinaryPackageRelease.control).join(BinaryPublication).where(usable_binaries(session, scope))
    return Case(tag, tuple(sources), indices, tuple(session.scalars(stanzas)) if indices else ())


def _source(row: AnyRow) -> WaitingSource:
    fields = (row.builddepends, row.builddependsindep if row.arch_indep else "")
    depends = ", ".join(field.strip().rstrip(",") for field in fields if field.strip())
    return WaitingSource(row.id, row.name, row.version, depends)


def _waiting(session: Session) -> list[AnyRow]:
    release = SourcePackageRelease
    rows = session.execute(
        select(
            *(Build.id, Build.archive_id, Archive.purpose, Build.distroarchseries_id.label("das_id"), Build.arch_indep),
            *(DistroArchSeries.series_id, DistroArchSeries.architecturetag, Build.pocket, current_component()),
            *(release.name, release.version, release.builddepends, release.builddependsindep),
        )
        .join(BuildQueue, BuildQueue.build_id == Build.id)
        .join(Archive, Archive.id == Build.archive_id)
        .join(DistroArchSeries, DistroArchSeries.id == Build.distroarchseries_id)
        .join(release, release.id == Build.sourcepackagerelease_id)
        .where(BuildQueue.builder_id.is_(None))
        .order_by(Build.id),
    )
    return list(rows)


def keep_unmet(session: Session, unmet: Mapping[int, str | None]) -> int:
    """Hold builds back, by their ids, that miss something, and let go those that don't (None); return how many changed.

    A build that is held back for another reason keeps that until it is over.
    """
    rows = session.execute(select(Build.id, Build.unmet).where(Build.id.in_(unmet)))
    known = {build_id: text for build_id, text in rows}  # noqa: C416  # dict() would not know a row's types
    changed = {build_id: text for build_id, text in unmet.items() if build_id in known and known[build_id] != text}
    for build_id, text in changed.items():
        session.execute(update(Build).where(Build.id == build_id).values(unmet=text))
        entry = update(BuildQueue).where(BuildQueue.build_id == build_id, BuildQueue.builder_id.is_(None))
        if text is None:
            session.execute(entry.where(BuildQueue.reason.startswith(UNMET)).values(reason=None))
        else:
            free = BuildQueue.reason.is_(None) | BuildQueue.reason.startswith(UNMET)
            session.execute(entry.where(free).values(reason=f"{UNMET}: {text}"))
    return len(changed)
