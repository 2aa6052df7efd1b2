"""Say which build is meant, in the classic words."""

from buildmaster.farm.vocabulary.archives import Pocket


def build_title(tag: str, source: str, version: str, series: tuple[str, str], pocket: Pocket) -> str:
    """Return a build's title; ``series`` is the names of the distribution and of the series."""
    return f"{tag} build of {source} {version} in {' '.join(series)} {pocket.name}"
