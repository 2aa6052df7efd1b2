"""Set, remove and list the chroots that builds are made in."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from buildmaster.errors import BuildmasterError
from buildmaster.farm.vocabulary.archives import Pocket
from buildmaster.farm.vocabulary.references import ArchitectureReference
from buildmaster.model.queue.missingbuilds import examine_again
from buildmaster.model.tables.builds import Build, BuildQueue
from buildmaster.model.tables.distribution import (
    DistroArchSeries,
    DistroSeries,
    PocketChroot,
    architecture_name,
    find_architecture,
)
from buildmaster.model.tables.files import StoredFile


@dataclass(frozen=True)
class ChrootListing:
    """The chroot of an architecture and pocket."""

    architecture: str
    pocket: str
    filename: str
    size: int
    sha1: str
    sha256: str
    created: datetime


def set_chroot(
    session: Session,
    reference: ArchitectureReference,
    pocket: Pocket,
    file_id: int,
    now: datetime,
) -> None:
    """Let builds of an architecture and pocket be made in the stored file ``file_id``; one that was there is replaced.

    Builds that waited for a chroot are looked at again.
    """
    architecture = find_architecture(session, reference)
    there = _chroot(session, architecture, pocket)
    if there is None:
        row = PocketChroot(architecture=architecture, pocket=pocket, chroot_id=file_id, date_created=now)
        session.add(row)
    else:
        there.chroot_id = file_id
        there.date_created = now
    examine_again(session, architecture.series_id)
    _unblock(session, architecture)


def remove_chroot(session: Session, reference: ArchitectureReference, pocket: Pocket) -> None:
    """Forget the chroot of an architecture and pocket. What is being built in it goes on."""
    architecture = find_architecture(session, reference)
    there = _chroot(session, architecture, pocket)
    if there is None:
        raise BuildmasterError(f"{reference} has no chroot for {pocket.name}: see `buildmaster chroot list`")
    session.delete(there)


def chroots(session: Session) -> list[ChrootListing]:
    """Return all chroots, by architecture and pocket."""
    place = joinedload(PocketChroot.architecture).joinedload(DistroArchSeries.series)
    rows = select(PocketChroot).options(
        place.joinedload(DistroSeries.distribution),
        joinedload(PocketChroot.chroot),
    )
    found = session.scalars(rows.order_by(PocketChroot.distroarchseries_id, PocketChroot.pocket))
    return [_listing(row, row.chroot) for row in found]


def _chroot(session: Session, architecture: DistroArchSeries, pocket: Pocket) -> PocketChroot | None:
    return session.scalar(
        select(PocketChroot).where(
            PocketChroot.distroarchseries_id == architecture.id,
            PocketChroot.pocket == pocket,
        ),
    )


def _unblock(session: Session, architecture: DistroArchSeries) -> None:
    builds = select(Build.id).where(Build.distroarchseries_id == architecture.id)
    session.execute(
        update(BuildQueue).where(BuildQueue.builder_id.is_(None), BuildQueue.build_id.in_(builds)).values(reason=None),
    )


def _listing(row: PocketChroot, file: StoredFile) -> ChrootListing:
    return ChrootListing(
        architecture=architecture_name(row.architecture),
        pocket=row.pocket.name,
        filename=file.filename,
        size=file.size,
        sha1=file.sha1,
        sha256=file.sha256,
        created=row.date_created,
    )
