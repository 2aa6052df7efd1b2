"""Look at all sources of a series again when its Packages-arch-specific file has changed."""

from collections.abc import Mapping

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from buildmaster.model.distribution import Distribution, DistroSeries
from buildmaster.model.registering import examine_again


def series_with_files(session: Session) -> dict[int, tuple[str, str, str | None]]:
    """Return of each series, by id: its distribution, its name, and the SHA-256 of the file last followed."""
    rows = session.execute(
        select(DistroSeries.id, Distribution.name, DistroSeries.name, DistroSeries.arch_specific).join(
            Distribution,
            Distribution.id == DistroSeries.distribution_id,
        ),
    )
    return {id_: (distribution, name, digest) for id_, distribution, name, digest in rows}


def follow_file(session: Session, digests: Mapping[int, str | None]) -> None:
    """Remember the files, by the series' ids, that builds are made by from now on; look at their sources again."""
    for series_id, digest in digests.items():
        session.execute(update(DistroSeries).where(DistroSeries.id == series_id).values(arch_specific=digest))
        examine_again(session, series_id)
