"""List archives, and show one."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from buildmaster.farm.text.redacting import without_credentials
from buildmaster.farm.vocabulary.archives import ACTIVE
from buildmaster.farm.vocabulary.references import ArchiveReference
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.tables.archive import Archive, ArchiveDependency, SourcePublication, find_archive
from buildmaster.model.tables.builds import Build


@dataclass(frozen=True)
class ArchiveListing:
    """An archive and its settings; ``url``, ``components`` and ``key`` are of an apt mirror outside.

    The limits are in seconds, None where the conf file's count.
    """

    reference: str
    purpose: str
    private: bool
    trusted: bool
    enabled: bool
    score: int
    depends: tuple[str, ...]
    url: str | None
    components: str | None
    has_key: bool
    build_limit: float | None
    silence_limit: float | None
    empty_log_limit: float | None
    created: datetime


@dataclass(frozen=True)
class ArchiveCounts:
    """What is in an archive: published sources, and its builds by the name of their state."""

    sources: int
    builds: dict[str, int]


def archives(session: Session) -> list[ArchiveListing]:
    """Return all archives, by reference."""
    depends = _depends(session)
    return [
        _listing(row, depends.get(row.id, [])) for row in session.scalars(select(Archive).order_by(Archive.reference))
    ]


def show_archive(session: Session, reference: ArchiveReference) -> tuple[ArchiveListing, ArchiveCounts]:
    """Return an archive's settings, and what is in it."""
    archive = find_archive(session, reference)
    return _listing(archive, _depends(session, archive.id).get(archive.id, [])), _counts(session, archive.id)


def _depends(session: Session, archive_id: int | None = None) -> dict[int, list[str]]:
    other = aliased(Archive)
    rows = select(ArchiveDependency.archive_id, other.reference).join(
        other, other.id == ArchiveDependency.dependency_id
    )
    if archive_id is not None:
        rows = rows.where(ArchiveDependency.archive_id == archive_id)
    found: dict[int, list[str]] = {}
    for owner, reference in session.execute(rows.order_by(ArchiveDependency.id)):
        found.setdefault(owner, []).append(reference)
    return found


def _counts(session: Session, archive_id: int) -> ArchiveCounts:
    active = SourcePublication.status.in_(ACTIVE)
    here = select(func.count()).select_from(SourcePublication).where(SourcePublication.archive_id == archive_id, active)
    states = select(Build.buildstate, func.count()).where(Build.archive_id == archive_id).group_by(Build.buildstate)
    counted = dict(session.execute(states).all())
    return ArchiveCounts(
        sources=session.scalar(here) or 0,
        builds={state.name: counted[state] for state in BuildState if state in counted},
    )


def _listing(row: Archive, depends: list[str]) -> ArchiveListing:
    return ArchiveListing(
        reference=row.reference,
        purpose=row.purpose.name,
        private=row.private,
        trusted=row.trusted,
        enabled=row.enabled,
        score=row.score,
        depends=tuple(depends),
        url=without_credentials(row.url) if row.url else None,
        components=row.components,
        has_key=row.key is not None,
        build_limit=row.build_limit,
        silence_limit=row.silence_limit,
        empty_log_limit=row.empty_log_limit,
        created=row.date_created,
    )
