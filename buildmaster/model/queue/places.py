"""A build with its place: its source, its architecture, series and distribution, and its archive."""

from typing import TypeVarTuple

from sqlalchemy import Select

from buildmaster.model.tables.archive import Archive, SourcePackageRelease
from buildmaster.model.tables.builds import Build
from buildmaster.model.tables.distribution import Distribution, DistroArchSeries, DistroSeries
from buildmaster.model.tables.mapping import table_of

Columns = TypeVarTuple("Columns")
BUILD, ARCHIVE, SOURCE = (table_of(kind) for kind in (Build, Archive, SourcePackageRelease))
ARCHITECTURE, SERIES, DISTRIBUTION = (table_of(kind) for kind in (DistroArchSeries, DistroSeries, Distribution))


def with_place(query: Select[*Columns]) -> Select[*Columns]:
    """Return a query of builds with the joins that lead to the place of each, of which it may have columns."""
    return (
        query.join(SOURCE, SOURCE.c.id == BUILD.c.sourcepackagerelease_id)
        .join(ARCHITECTURE, ARCHITECTURE.c.id == BUILD.c.distroarchseries_id)
        .join(SERIES, SERIES.c.id == ARCHITECTURE.c.series_id)
        .join(DISTRIBUTION, DISTRIBUTION.c.id == SERIES.c.distribution_id)
        .join(ARCHIVE, ARCHIVE.c.id == BUILD.c.archive_id)
    )
