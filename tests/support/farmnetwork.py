"""The farm in memory: slaves that speak the real protocol, byte for byte, over a network without sockets.

farm = FarmNetwork(clock)
bob = farm.slave("http://bob:8221/", tag="amd64")
bob.will("PACKAGEFAIL", duration=60, log=b"no rule")
bob.vanish()  # and hang, babble, lie, forget, lose_reply, recover
farm.slaves().of(builder).status()
"""

from buildmaster.slave.client import Slaves, Timeouts
from tests.support.network import Network
from tests.support.slaves import SlaveDouble


class FarmNetwork(Network):
    """A network of slaves. ``files`` maps URLs to what slaves find there; a test may put a function in place of ``get``."""

    def __init__(self, clock, latency=0.0):
        super().__init__(clock, latency)
        self.files = {}

    def get(self, url, username="", password=""):
        """Return the content at ``url``, or None for a 404."""
        return self.files.get(url)

    def slave(self, url, tag="amd64", classic=False, version=None):
        """Start a slave that listens at ``url``; a classic one answers in tuples."""
        return SlaveDouble(self, url, tag, classic, version)

    def slaves(self, timeouts=None):
        """Return the clients of this network's slaves."""
        return Slaves(self, timeouts or Timeouts())
