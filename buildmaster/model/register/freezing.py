"""Stop dispatching, of everything or of a part of the farm, and go on."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from buildmaster.errors import BuildmasterError
from buildmaster.farm.vocabulary.references import ArchiveReference
from buildmaster.model.dispatch.blocking import look_again
from buildmaster.model.tables.archive import Archive, Freeze, find_archive
from buildmaster.model.tables.distribution import Processor, find_processor


@dataclass(frozen=True)
class Part:
    """A part of the farm: an archive's builds, a processor's builders, both, or (neither given) all."""

    archive: ArchiveReference | None = None
    processor: str | None = None

    def __str__(self) -> str:
        words = [str(self.archive)] if self.archive else []
        return " on ".join([*words, *([self.processor] if self.processor else [])]) or "everything"


@dataclass(frozen=True)
class FreezeListing:
    """An order to dispatch nothing; None for archive or processor means any."""

    archive: str | None
    processor: str | None
    reason: str | None
    since: datetime


def freeze(session: Session, part: Part, reason: str | None, now: datetime) -> None:
    """Dispatch nothing of ``part`` until it is thawed. A second freeze of the same part replaces the first."""
    archive_id, processor_id = _ids(session, part)
    _forget(session, archive_id, processor_id)
    session.add(Freeze(archive_id=archive_id, processor_id=processor_id, reason=reason, date_created=now))


def thaw(session: Session, part: Part) -> None:
    """Undo the freeze of exactly ``part``; what waited for that is looked at again."""
    if not _forget(session, *_ids(session, part)):
        frozen = ", ".join(_words(row) for row in freezes(session)) or "nothing is"
        raise BuildmasterError(f"{part} is not frozen (frozen: {frozen})")
    look_again(session)


def freezes(session: Session) -> list[FreezeListing]:
    """Return what is frozen, oldest first."""
    rows = (
        select(Archive.reference, Processor.name, Freeze.reason, Freeze.date_created)
        .select_from(Freeze)
        .outerjoin(Archive, Archive.id == Freeze.archive_id)
        .outerjoin(Processor, Processor.id == Freeze.processor_id)
        .order_by(Freeze.id)
    )
    return [FreezeListing(*row) for row in session.execute(rows)]


def _ids(session: Session, part: Part) -> tuple[int | None, int | None]:
    archive = find_archive(session, part.archive).id if part.archive else None
    return archive, find_processor(session, part.processor).id if part.processor else None


def _forget(session: Session, archive_id: int | None, processor_id: int | None) -> bool:
    rows = select(Freeze.id).where(Freeze.archive_id == archive_id, Freeze.processor_id == processor_id)
    found = session.scalars(rows).all()
    session.execute(delete(Freeze).where(Freeze.id.in_(found)))
    return bool(found)


def _words(row: FreezeListing) -> str:
    return " on ".join(word for word in (row.archive, row.processor) if word) or "everything"
