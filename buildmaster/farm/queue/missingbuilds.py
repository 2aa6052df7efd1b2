"""Which builds are missing, and which are wanted no more."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from buildmaster.farm.queue.architectures import ArchitectureFacts, ArchitectureTable, wanted
from buildmaster.farm.queue.archspecific import NO_ARCH_SPECIFIC, ArchSpecific, permitted
from buildmaster.farm.vocabulary.archives import ACTIVE, Pocket, Publishing, Purpose, SeriesStatus
from buildmaster.farm.vocabulary.pockets import gets_builds

Place = tuple[int, int, int]  # the ids of a source release, an architecture and an archive


@dataclass(frozen=True)
class SourceFacts:
    """A source that is published: in which archive, series and pocket. ``trusted`` is the archive's."""

    release_id: int
    archive_id: int
    series_id: int
    name: str
    hint: str
    binaries: frozenset[str] = frozenset()
    pocket: Pocket = Pocket.RELEASE
    purpose: Purpose = Purpose.PRIMARY
    trusted: bool = True


@dataclass(frozen=True)
class SeriesFacts:
    """A series that sources are published in. ``nominated`` is the tag of the architecture that builds "all"."""

    id: int
    name: str
    status: SeriesStatus = SeriesStatus.DEVELOPMENT
    nominated: str | None = None
    architectures: tuple[ArchitectureFacts, ...] = ()
    arch_specific: ArchSpecific = NO_ARCH_SPECIFIC


@dataclass(frozen=True)
class NewBuild:
    """A build that ought to be there."""

    release_id: int
    architecture_id: int
    archive_id: int
    processor_id: int
    pocket: Pocket
    arch_indep: bool
    is_trusted: bool

    @property
    def place(self) -> Place:
        """What there is only one build of."""
        return self.release_id, self.architecture_id, self.archive_id


def missing_builds(
    sources: Iterable[SourceFacts],
    series: Mapping[int, SeriesFacts],
    existing: Collection[Place],
    table: ArchitectureTable,
) -> tuple[NewBuild, ...]:
    """Return the builds that published sources want and that do not exist, in the order of the sources and tags."""
    found: dict[Place, NewBuild] = {}
    for source in sources:
        for build in wanted_builds(source, series[source.series_id], table):
            if build.place not in existing:
                found.setdefault(build.place, build)
    return tuple(found.values())


def wanted_builds(source: SourceFacts, series: SeriesFacts, table: ArchitectureTable) -> tuple[NewBuild, ...]:
    """Return the builds that one published source ought to have, by tag; none while its pocket is closed."""
    if not gets_builds(source.pocket, series.status, source.purpose):
        return ()
    legal = {architecture.tag: architecture for architecture in series.architectures if _fits(architecture, source)}
    tags = wanted(source.hint, legal, series.nominated, table)
    if source.purpose is not Purpose.PPA:
        line = series.arch_specific.line_for(source.name, source.binaries)
        tags = permitted(line, tags, series.nominated, table)
    return tuple(_new_build(source, legal[tag], series.nominated) for tag in sorted(tags))


def _fits(architecture: ArchitectureFacts, source: SourceFacts) -> bool:
    """Tell whether the source's archive may be built on the architecture, and there is a chroot to do it in."""
    return architecture.has_chroot(source.pocket) and (source.trusted or architecture.supports_untrusted)


def _new_build(source: SourceFacts, architecture: ArchitectureFacts, nominated: str | None) -> NewBuild:
    return NewBuild(
        source.release_id,
        architecture.id,
        source.archive_id,
        architecture.processor_id,
        source.pocket,
        architecture.tag == nominated,
        source.trusted,
    )


def gone(here: Collection[Publishing], newest_anywhere: Publishing | None) -> bool:
    """Tell whether a build's source is published no more, so that nobody wants the build.

    ``here`` are the states of its source's publications in the build's own series and archive; where it has none,
    the newest anywhere counts. A source that was never published at all is not gone.
    """
    if here:
        return not ACTIVE & set(here)
    return newest_anywhere is not None and newest_anywhere not in ACTIVE
