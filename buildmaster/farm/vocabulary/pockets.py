"""Which pockets are open, and which others they build on."""

from buildmaster.farm.vocabulary.archives import Pocket, Purpose, SeriesStatus

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
