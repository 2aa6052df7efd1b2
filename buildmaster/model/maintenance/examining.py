"""What the doctor asks the database: chroots that are missing, builders that nobody has, clocks that went back."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import and_, exists, func, select
from sqlalchemy.orm import Session

from buildmaster.farm.builders.states import FailedBy
from buildmaster.farm.findings import Finding
from buildmaster.farm.vocabulary.archives import Pocket, SeriesStatus
from buildmaster.model.tables.builders import THERE, Builder, BuilderProcessor
from buildmaster.model.tables.builds import Attempt, BuildQueue
from buildmaster.model.tables.distribution import Distribution, DistroArchSeries, DistroSeries, PocketChroot, Processor
from buildmaster.model.tables.files import StoredFile
from buildmaster.model.tables.people import Audit

SLACK = timedelta(minutes=1)  # by which the clocks of two machines may differ
PLACE = Distribution.name + "/" + DistroSeries.name + "/" + DistroArchSeries.architecturetag
CLOSED = (SeriesStatus.OBSOLETE, SeriesStatus.FUTURE)


def examine_rows(session: Session, now: datetime) -> tuple[Finding, ...]:
    """Return what is wrong in the rows."""
    return (*_chroots(session), *_strangers(session), *_clock(session, now), *_failed(session))


def chroot_files(session: Session) -> tuple[tuple[str, str], ...]:
    """Return of each chroot its architecture, with a pocket of its own, and the SHA-256 of its file."""
    query = (
        select(PLACE, PocketChroot.pocket, StoredFile.sha256)
        .select_from(PocketChroot)
        .join(PocketChroot.architecture)
        .join(DistroArchSeries.series)
        .join(DistroSeries.distribution)
        .join(PocketChroot.chroot)
        .order_by(PLACE, PocketChroot.pocket)
    )
    return tuple((name + _flag(pocket), sha256) for name, pocket, sha256 in session.execute(query))


def _flag(pocket: Pocket) -> str:
    return "" if pocket is Pocket.RELEASE else f" --pocket {pocket.name}"


def builder_addresses(session: Session) -> tuple[tuple[str, str], ...]:
    """Return the names and URLs of the builders that are believed to work."""
    query = select(Builder.name, Builder.url).where(THERE, Builder.builderok).order_by(Builder.name)
    return tuple((name, url) for name, url in session.execute(query))


def _chroots(session: Session) -> Iterator[Finding]:
    chroot = exists().where(
        PocketChroot.distroarchseries_id == DistroArchSeries.id,
        PocketChroot.pocket == Pocket.RELEASE,
    )
    query = (
        select(PLACE)
        .select_from(DistroArchSeries)
        .join(DistroArchSeries.series)
        .join(DistroSeries.distribution)
        .where(~chroot, DistroSeries.status.not_in(CLOSED))
        .order_by(PLACE)
    )
    for name in session.scalars(query):
        yield Finding(f"there is no chroot for {name}", f"`buildmaster chroot set {name} FILE`")


def _strangers(session: Session) -> Iterator[Finding]:
    """Find entries that wait for builders of a kind that is not there."""
    there = exists().where(
        BuilderProcessor.processor_id == BuildQueue.processor_id,
        BuilderProcessor.builder_id == Builder.id,
        and_(THERE, Builder.trusted == BuildQueue.is_trusted),
    )
    query = (
        select(Processor.name, BuildQueue.is_trusted, func.count())
        .join(BuildQueue.processor)
        .where(BuildQueue.builder_id.is_(None), ~there)
        .group_by(Processor.name, BuildQueue.is_trusted)
    )
    for processor, trusted, count in session.execute(query):
        kind = f"{'trusted' if trusted else 'untrusted'} {processor}"
        flag = "" if trusted else " --untrusted"
        cure = f"`buildmaster builder add NAME URL --processor {processor}{flag}`"
        yield Finding(f"{count} build(s) wait for a {kind} builder, and there is none", cure)


def _clock(session: Session, now: datetime) -> Iterator[Finding]:
    newest = [session.scalar(select(func.max(column))) for column in (Attempt.started, Audit.date)]
    ahead = max((time - now for time in newest if time is not None), default=timedelta())
    if ahead > SLACK:
        cure = "set the clock of this machine, or find out which machine's clock was wrong"
        yield Finding(f"there are rows from {ahead.total_seconds():.0f} s in the future", cure)


def _failed(session: Session) -> Iterator[Finding]:
    columns = Builder.name, Builder.failnotes, Builder.failed_by
    for name, notes, by in session.execute(select(*columns).where(THERE, ~Builder.builderok).order_by(Builder.name)):
        cure = f"`buildmaster builder ok {name}`"
        healing = f"mend its slave, which is probed again by itself; at once after {cure}"
        yield Finding(
            f"the builder {name} is failed: {notes or 'nobody said why'}", healing if by is FailedBy.PROBE else cure
        )
