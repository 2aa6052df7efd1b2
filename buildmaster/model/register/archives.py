"""Add archives and change their settings."""

from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from buildmaster.errors import BuildmasterError
from buildmaster.farm.vocabulary.archives import ACTIVE
from buildmaster.farm.vocabulary.references import ArchiveReference
from buildmaster.model.register.distributions import AlreadyThereError
from buildmaster.model.tables.archive import Archive, ArchiveDependency, SourcePublication, find_archive
from buildmaster.model.tables.builds import Build, BuildQueue
from buildmaster.model.tables.distribution import find_distribution

COLUMNS = frozenset({"private", "trusted", "score", "url", "components", "key"})
LIMITS = frozenset({"build_limit", "silence_limit", "empty_log_limit"})


class ArchiveSettingError(BuildmasterError):
    """An archive can't be set that way."""


@dataclass(frozen=True)
class ArchiveChange:
    """What is to be set of an archive; None leaves it as it is. ``key`` is armored OpenPGP.

    An empty ``url`` makes a mirror an archive of our own, without components and key. Limits are in seconds; 0 is the
    conf file's.
    """

    private: bool | None = None
    trusted: bool | None = None
    depends: tuple[ArchiveReference, ...] | None = None
    score: int | None = None
    url: str | None = None
    components: str | None = None
    key: str | None = None
    build_limit: float | None = None
    silence_limit: float | None = None
    empty_log_limit: float | None = None


def add_archive(
    session: Session,
    reference: ArchiveReference,
    change: ArchiveChange,
    now: datetime,
    secret: str,
) -> None:
    """Make the archive ``reference``. Its form says what it is for, and whether it is trusted where ``change`` doesn't.

    ``secret`` is what slaves will show to read it, should it be private.
    """
    if session.scalar(select(Archive.id).where(Archive.reference == str(reference))) is not None:
        raise AlreadyThereError(f"the archive {reference} is there already: `buildmaster archive set` changes it")
    archive = Archive(
        reference=str(reference),
        distribution=find_distribution(session, reference.distribution),
        owner=reference.owner,
        name=reference.name,
        purpose=reference.purpose,
        trusted=reference.trusted,
        date_created=now,
    )
    session.add(archive)
    _apply(session, archive, change, now, secret)


def set_archive(
    session: Session,
    reference: ArchiveReference,
    change: ArchiveChange,
    now: datetime,
    secret: str,
) -> None:
    """Change the archive ``reference``. Whether it is trusted is changed in the queue too; what runs goes on.

    Who is trusted may be built on other architectures, so then its sources are looked at again.
    """
    archive = find_archive(session, reference)
    if change.trusted not in {None, archive.trusted}:
        published = update(SourcePublication).where(SourcePublication.archive_id == archive.id)
        session.execute(published.where(SourcePublication.status.in_(ACTIVE)).values(examined=False))
    if change.private not in {None, archive.private}:
        _check_empty(session, archive)
    _apply(session, archive, change, now, secret)
    _requeue(session, archive)


def enable_archive(session: Session, reference: ArchiveReference, enabled: bool) -> None:
    """Let an archive's builds be dispatched, or not any more."""
    archive = find_archive(session, reference)
    archive.enabled = enabled
    _requeue(session, archive)


def _apply(
    session: Session,
    archive: Archive,
    change: ArchiveChange,
    now: datetime,
    secret: str,
) -> None:
    for column in fields(change):
        value = getattr(change, column.name)
        if column.name in COLUMNS and value is not None:
            setattr(archive, column.name, value)
        elif column.name in LIMITS and value is not None:
            setattr(archive, column.name, value or None)
    _check_mirror(archive)
    if archive.private and archive.buildd_secret is None:
        archive.buildd_secret = secret
    session.flush()
    if change.depends is not None:
        _depend(session, archive, change.depends, now)


def _check_mirror(archive: Archive) -> None:
    if archive.url == "":
        archive.url = archive.components = archive.key = None
    if (archive.url is None) != (archive.components is None) or (archive.key and archive.url is None):
        raise ArchiveSettingError("a mirror outside needs both --url and --components")


def _check_empty(session: Session, archive: Archive) -> None:
    """Refuse to hide, or to show, what was uploaded when others were told otherwise."""
    if session.scalar(select(SourcePublication.id).where(SourcePublication.archive_id == archive.id).limit(1)):
        raise ArchiveSettingError(
            f"{archive.reference} has sources, so it stays {'private' if archive.private else 'public'}: "
            f"make another archive and copy them there",
        )


def _depend(session: Session, archive: Archive, references: tuple[ArchiveReference, ...], now: datetime) -> None:
    session.execute(delete(ArchiveDependency).where(ArchiveDependency.archive_id == archive.id))
    for reference in dict.fromkeys(references):
        other = find_archive(session, reference)
        _check_dependency(archive, other)
        session.add(ArchiveDependency(archive_id=archive.id, dependency_id=other.id, date_created=now))


def _check_dependency(archive: Archive, other: Archive) -> None:
    if other.id == archive.id:
        raise ArchiveSettingError(f"{archive.reference} can't depend on itself")
    if other.private and not archive.private:
        raise ArchiveSettingError(
            f"{archive.reference} is public, so it can't depend on {other.reference}, which is private",
        )


def _requeue(session: Session, archive: Archive) -> None:
    """Carry trust over to the entries, those too that may come back from a builder.

    What blocks those that wait, and their scores, are found out again.
    """
    builds = select(Build.id).where(Build.archive_id == archive.id)
    entries = update(BuildQueue).where(BuildQueue.build_id.in_(builds))
    session.execute(entries.values(is_trusted=archive.trusted))
    session.execute(entries.where(BuildQueue.builder_id.is_(None)).values(reason=None, score_step=None))
