"""List what builds consist of: the attempts at them, and the binaries that they made."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from buildmaster.model.tables.archive import BinaryPackageRelease
from buildmaster.model.tables.builders import Builder
from buildmaster.model.tables.builds import Attempt
from buildmaster.model.tables.files import StoredFile, file_path


@dataclass(frozen=True)
class AttemptListing:
    """One try at a build."""

    number: int
    state: str
    builder: str
    started: datetime
    finished: datetime | None
    log_url: str | None
    upload_log_url: str | None
    failure: str | None


@dataclass(frozen=True)
class BinaryListing:
    """One binary package that a build made; ``size`` is its file's, in bytes."""

    name: str
    version: str
    architecture: str
    file_url: str
    filename: str
    size: int


def link(base: str, file_id: int | None, filename: str | None) -> str | None:
    """Return the address of a stored file, if there is one; ``base`` is the farm's public address."""
    return None if file_id is None or filename is None else base + file_path(file_id, filename)


def attempts_of(session: Session, ids: Sequence[int], base: str) -> dict[int, tuple[AttemptListing, ...]]:
    """Return the attempts, first to latest, of each of the builds ``ids`` that has any."""
    upload_log = aliased(StoredFile)
    rows = (
        select(Attempt, Builder.name, StoredFile, upload_log)
        .join(Builder, Builder.id == Attempt.builder_id)
        .outerjoin(StoredFile, StoredFile.id == Attempt.buildlog_id)
        .outerjoin(upload_log, upload_log.id == Attempt.upload_log_id)
        .where(Attempt.build_id.in_(ids))
        .order_by(Attempt.build_id, Attempt.number)
    )
    found: dict[int, tuple[AttemptListing, ...]] = {}
    for attempt, builder, log, upload in session.execute(rows):
        listing = AttemptListing(
            number=attempt.number,
            state=attempt.state.name,
            builder=builder,
            started=attempt.started,
            finished=attempt.finished,
            log_url=_file_link(base, log),
            upload_log_url=_file_link(base, upload),
            failure=attempt.failure,
        )
        found[attempt.build_id] = (*found.get(attempt.build_id, ()), listing)
    return found


def binaries_of(session: Session, ids: Sequence[int], base: str) -> dict[int, tuple[BinaryListing, ...]]:
    """Return the binaries, by name, of each of the builds ``ids`` that made any."""
    release = BinaryPackageRelease
    file = StoredFile
    rows = (
        select(release.build_id, release.name, release.version, release.architecture, file.id, file.filename, file.size)
        .join(StoredFile, StoredFile.id == release.file_id)
        .where(release.build_id.in_(ids))
        .order_by(release.build_id, release.name, release.id)
    )
    found: dict[int, tuple[BinaryListing, ...]] = {}
    for build_id, name, version, architecture, file_id, filename, size in session.execute(rows):
        url = base + file_path(file_id, filename)
        listing = BinaryListing(name, version, architecture, url, filename, size)
        found[build_id] = (*found.get(build_id, ()), listing)
    return found


def _file_link(base: str, file: StoredFile | None) -> str | None:
    return link(base, file.id, file.filename) if file else None
