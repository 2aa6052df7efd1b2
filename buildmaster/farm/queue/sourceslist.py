"""The sources.list of a build: which archives, pockets and components it may build on."""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from buildmaster.farm.vocabulary.archives import Pocket, Purpose
from buildmaster.farm.vocabulary.pockets import BUILDS_ON, EVERYTHING, EXEMPT, ogre_components


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


BUILDD_USER = "buildd"  # who slaves are to a private archive
