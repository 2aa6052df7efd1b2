"""Put the tree of resources together."""

from collections.abc import Mapping

from twisted.internet.interfaces import IReactorTime
from twisted.web.resource import IResource, Resource
from twisted.web.server import Site

from buildmaster.web.bodies import BodyLimits, bounded

IDLE_LIMIT = 60  # seconds that a connection may be silent


def make_site(reactor: IReactorTime, resources: Mapping[str, IResource], limits: BodyLimits) -> Site:
    """Return the site that has each of the resources below its path, as ``files`` or ``api/1``.

    ``limits`` are of the bodies of requests.
    """
    root = Resource()
    for path, resource in resources.items():
        *folders, name = path.encode().split(b"/")
        _folder(root, folders).putChild(name, resource)
    return QuietSite(root, bounded(limits), reactor=reactor, timeout=IDLE_LIMIT)


class QuietSite(Site):
    """A site that logs no requests: a slave's fetching of files is not worth a line, and refusals log their own."""

    def log(self, request: object) -> None:
        """Say nothing."""


def _folder(place: Resource, names: list[bytes]) -> Resource:
    """Return the resource at the end of the path ``names``, made where it is missing."""
    for name in names:
        if name not in place.children:
            place.putChild(name, Resource())
        place = place.children[name]
    return place
