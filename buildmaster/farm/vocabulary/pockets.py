"""Which pockets are open, which others they build on, and so the sources.list of a build."""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from buildmaster.farm.vocabulary.states import Pocket, Purpose, SeriesStatus

UNSTABLE = frozenset({SeriesStatus.EXPERIMENTAL, SeriesStatus.DEVELOPMENT, SeriesStatus.FROZEN})
STABLE = frozenset({SeriesStatus.CURRENT, SeriesStatus.SUPPORTED})
EXEMPT = frozenset({Purpose.PPA, Purpose.PARTNER})  # archives whose pockets the series' status doesn't close

BUILDS_ON: dict[Pocket, tuple[Pocket, ...]] = {
    Pocket.RELEASE: (Pocket.RELEASE,),
    Pocket.SECURITY: (Pocket.RELEASE, Pocket.SECURITY),
    Pocket.UPDATES: (Pocket.RELEASE, Pocket.SECURITY, Pocket.UPDATES),
    Pocket.BACKPORTS: (Pocket.RELEASE, Pocket.SECURITY, Pocket.UPDATES, Pocket.BACKPORTS),
    Pocket.PROPOSED: (Pocket.RELEASE, Pocket.SECURITY, Pocket.UPDATES, Pocket.PROPOSED),
}

EVERYTHING = ("main", "restricted", "universe", "multiverse")
OGRE: dict[str, tuple[str, ...]] = {
    "main": ("main",),
    "restricted": ("main", "restricted"),
    "universe": ("main", "universe"),
    "multiverse": EVERYTHING,
    "partner": ("partner",),
    # Debian's own (Debian Policy 2.2)
    "contrib": ("main", "contrib"),
    "non-free": ("main", "contrib", "non-free", "non-free-firmware"),
    "non-free-firmware": ("main", "non-free-firmware"),
}
DEBIAN_ONLY = frozenset({"contrib", "non-free", "non-free-firmware"})
BUILDD_USER = "buildd"  # who slaves are to a private archive


def open_for_uploads(pocket: Pocket, status: SeriesStatus) -> bool:
    """Tell whether the series' status lets anything new into the pocket: a frozen series lets all in."""
    if status is SeriesStatus.FROZEN:
        return True
    return (pocket is Pocket.RELEASE) is not (status in STABLE)


def is_open(pocket: Pocket, status: SeriesStatus, purpose: Purpose) -> bool:
    """Tell whether an archive of this purpose may build for the pocket; PPA and partner archives always may."""
    return purpose in EXEMPT or open_for_uploads(pocket, status)


def gets_builds(pocket: Pocket, status: SeriesStatus, purpose: Purpose) -> bool:
    """Tell whether new builds are made for the pocket: it is open, and nobody fills RELEASE of a series that is out."""
    if purpose in EXEMPT:
        return True
    return open_for_uploads(pocket, status) and (pocket is not Pocket.RELEASE or status in UNSTABLE)


def closed_at_dispatch(title: str, pocket: Pocket, series: str) -> str:
    """Return why a build isn't dispatched while its pocket is closed. ``title`` is ``<build title> (<id>)``."""
    return f"{title} can not be built for pocket {pocket.name}: invalid pocket due to the series status of {series}."


def closed_at_collection(title: str, pocket: Pocket) -> str:
    """Return why a build's results aren't collected while its pocket is closed; ``title`` as above."""
    return f"{title} can not be built for pocket {pocket.name}: illegal status"


def ogre_components(component: str, pocket: Pocket = Pocket.RELEASE) -> tuple[str, ...]:
    """Return the components that a build in ``component`` may take its build-dependencies from.

    Backports may use everything. A component that nobody knows may use itself and main.
    """
    if pocket is Pocket.BACKPORTS:
        return OGRE["non-free"] if component in DEBIAN_ONLY else EVERYTHING
    return OGRE.get(component, ("main", component))


@dataclass(frozen=True)
class AptSource:
    """An archive as apt reads it.

    ``pockets`` are those of the build's series that exist there for the build's architecture: apt fails on a suite
    that doesn't. ``components`` is None for our own archives (the build's own decide), and the mirror's for others.
    ``secret`` is set for a private archive.
    """

    url: str
    pockets: frozenset[Pocket]
    components: tuple[str, ...] | None = None
    secret: str | None = None


@dataclass(frozen=True)
class BuildPlace:
    """Where a build stands: what of apt's sources it may use follows from this."""

    series: str
    pocket: Pocket
    component: str
    purpose: Purpose
    private: bool = False


def sources_list(
    build: BuildPlace,
    target: AptSource,
    dependencies: tuple[AptSource, ...] = (),
    primary: AptSource | None = None,
) -> tuple[str, ...]:
    """Return the lines of a build's sources.list.

    ``target`` is the build's own archive, ``dependencies`` those that it is told to depend on (with theirs, if these
    are to be followed), and ``primary`` its distribution's primary archive. A PPA or a partner archive comes first
    with its dependencies, of RELEASE alone, and after it the primary archive with all components. Any other archive
    builds on itself and what it depends on, by the table of pockets. When nothing is left, the caller leaves the
    key ``archives`` out of the arguments: a slave fails on an empty list.
    """
    lines = (
        _beside_primary(build, target, dependencies, primary)
        if build.purpose in EXEMPT
        else _by_table(
            build,
            (target, *dependencies),
        )
    )
    return tuple(dict.fromkeys(lines))


def _by_table(build: BuildPlace, sources: tuple[AptSource, ...]) -> list[str]:
    components = ogre_components(build.component, build.pocket)
    return [line for source in sources for line in _lines(build.series, source, BUILDS_ON[build.pocket], components)]


def _beside_primary(
    build: BuildPlace,
    target: AptSource,
    dependencies: tuple[AptSource, ...],
    primary: AptSource | None,
) -> list[str]:
    own = ogre_components(build.component, build.pocket)
    lines = [
        line for source in (target, *dependencies) for line in _lines(build.series, source, (Pocket.RELEASE,), own)
    ]
    if primary is not None:
        like = Pocket.SECURITY if build.private else Pocket.UPDATES
        lines += _lines(build.series, primary, BUILDS_ON[like], EVERYTHING)
    return lines


def _lines(series: str, source: AptSource, pockets: tuple[Pocket, ...], components: tuple[str, ...]) -> list[str]:
    offered = components if source.components is None else _both(components, source.components)
    return [
        f"deb {with_credentials(source.url, source.secret)} {series}{pocket.suffix} {' '.join(offered)}"
        for pocket in pockets
        if pocket in source.pockets and offered
    ]


def _both(components: tuple[str, ...], offered: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(component for component in components if component in offered)


def with_credentials(url: str, secret: str | None) -> str:
    """Return ``url`` with what lets a slave read a private archive, if there is a secret."""
    if secret is None:
        return url
    parts = urlsplit(url)
    return parts._replace(netloc=f"{BUILDD_USER}:{quote(secret, safe='')}@{parts.netloc}").geturl()
