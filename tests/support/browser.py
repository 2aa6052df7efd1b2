"""Ask a site as over the network, through the real protocol, in memory."""

from dataclasses import dataclass

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.web.http import HTTPChannel

from buildmaster.web.bodies import BodyLimits
from buildmaster.web.site import make_site
from tests.support.databases import a_folder


@dataclass
class Answer:
    code: int
    headers: dict
    body: bytes


class DrainedChannel(HTTPChannel):
    """A channel that takes all of a body at once, where the real one waits for the reactor."""

    def registerProducer(self, producer, streaming):
        self.pulling = True
        while self.pulling:
            producer.resumeProducing()

    def unregisterProducer(self):
        self.pulling = False


def a_site(resources, limits=None):
    """Return a site of these resources, to ask."""
    site = make_site(Clock(), resources, limits or BodyLimits(1 << 20, 1 << 20, a_folder()))
    site.protocol = DrainedChannel
    return site


def ask(site, path, method="GET", headers=None, body=b""):
    """Return the site's answer to one request; a body that is None has no length."""
    lines = [f"{method} {path} HTTP/1.1", "Host: farm", "Connection: close"]
    lines += [] if body is None else [f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    channel, transport = site.buildProtocol(None), StringTransport()
    channel.makeConnection(transport)
    channel.dataReceived("\r\n".join([*lines, "", ""]).encode() + (body or b""))
    return _parsed(transport.value())


def _parsed(sent):
    head, _, body = sent.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = {name.title(): value for name, value in (line.split(": ", 1) for line in lines)}
    headers.pop("Date", None)
    return Answer(int(status.split()[1]), headers, body)
