"""Register processors, distributions, their series and the architectures of those."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from buildmaster.errors import BuildmasterError
from buildmaster.farm.vocabulary.archives import SeriesStatus
from buildmaster.farm.vocabulary.references import (
    ArchitectureReference,
    SeriesReference,
    check_name,
    check_series_name,
)
from buildmaster.model.dispatch.blocking import look_again
from buildmaster.model.queue.missingbuilds import examine_again
from buildmaster.model.tables.distribution import (
    Distribution,
    DistroArchSeries,
    DistroSeries,
    Processor,
    find_distribution,
    find_processor,
    find_series,
    unknown_architecture,
)

NO_TAGS = frozenset({"all", "any", "source"})  # words of the Architecture field that are no architecture's tag


class AlreadyThereError(BuildmasterError):
    """Something has that name already."""


@dataclass(frozen=True)
class SeriesChange:
    """What is to be set of a series; None leaves it as it is."""

    title: str | None = None
    version: str | None = None
    status: SeriesStatus | None = None
    nominated: str | None = None


def add_processor(session: Session, name: str) -> None:
    """Register the processor ``name``."""
    check_name("processor", name)
    if session.scalar(select(Processor.id).where(Processor.name == name)) is not None:
        raise AlreadyThereError(f"the processor {name} is there already")
    session.add(Processor(name=name))


def add_distribution(session: Session, name: str, title: str | None) -> None:
    """Register the distribution ``name``."""
    check_name("distribution", name)
    if session.scalar(select(Distribution.id).where(Distribution.name == name)) is not None:
        raise AlreadyThereError(f"the distribution {name} is there already")
    session.add(Distribution(name=name, title=title or name.capitalize()))


def add_series(session: Session, reference: SeriesReference, change: SeriesChange) -> None:
    """Register a series.

    Its nominated architecture may be named before it is added: the others of a farm are set up in any order.
    """
    check_series_name(reference.series)
    distribution = find_distribution(session, reference.distribution)
    same = select(DistroSeries.id).where(DistroSeries.distribution == distribution)
    if session.scalar(same.where(DistroSeries.name == reference.series)) is not None:
        raise AlreadyThereError(f"the series {reference} is there already: `buildmaster series set` changes it")
    series = DistroSeries(
        distribution=distribution,
        name=reference.series,
        title=change.title or reference.series.capitalize(),
        version=change.version,
        status=change.status or SeriesStatus.DEVELOPMENT,
        nominatedarchindep=_checked_tag(change.nominated),
    )
    session.add(series)


def set_series(session: Session, reference: SeriesReference, change: SeriesChange) -> None:
    """Change a series.

    Its publications are looked at again, since another status may want other builds, and so are builds that can't be
    dispatched: a pocket may have opened.
    """
    series = find_series(session, reference)
    series.title = change.title or series.title
    series.version = change.version or series.version
    series.status = change.status or series.status
    if change.nominated is not None:
        series.nominatedarchindep = _nominated(series, reference, change.nominated)
    examine_again(session, series.id)
    look_again(session)


def add_architecture(
    session: Session,
    reference: ArchitectureReference,
    processor: str,
    supports_untrusted: bool,
) -> None:
    """Register an architecture of a series, built on ``processor``; its sources are looked at again."""
    series = find_series(session, reference.of_series)
    _checked_tag(reference.tag)
    if any(architecture.architecturetag == reference.tag for architecture in series.architectures):
        raise AlreadyThereError(f"the architecture {reference} is there already")
    architecture = DistroArchSeries(
        series=series,
        processor=find_processor(session, processor),
        architecturetag=reference.tag,
        supports_untrusted=supports_untrusted,
    )
    session.add(architecture)
    examine_again(session, series.id)


def _checked_tag(tag: str | None) -> str | None:
    if tag is None:
        return None
    if tag in NO_TAGS:
        raise BuildmasterError(f"{tag} can't be an architecture: it has a meaning of its own in an Architecture field")
    return check_name("architecture", tag)


def _nominated(series: DistroSeries, reference: SeriesReference, tag: str) -> str:
    known = [architecture.architecturetag for architecture in series.architectures]
    if tag not in known:
        raise unknown_architecture(series, ArchitectureReference(reference.distribution, reference.series, tag))
    return tag
