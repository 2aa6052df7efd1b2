"""A nudge reaches the daemon that runs on the farm's folder, and is lost where none does."""

import tempfile
from pathlib import Path

from twisted.internet.testing import MemoryReactor
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.daemon.nudges import NudgeListener, Nudges
from buildmaster.daemon.waking import SOCKET, send


class NudgesTests(SynchronousTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def test_each_name_is_nudged(self):
        heard = []
        Nudges(heard.append).datagramReceived(b"dispatcher uploader", None)
        self.assertEqual(["dispatcher", "uploader"], heard)

    def test_nonsense_does_no_harm(self):
        heard = []
        Nudges(heard.append).datagramReceived(b"\xff\x00", None)
        self.assertEqual(1, len(heard))

    def test_nobody_listens(self):
        send(self.root, ["dispatcher"])
        send(self.root / "missing", ["dispatcher"])

    def test_a_socket_that_was_left_is_removed(self):
        (self.root / SOCKET).touch()
        NudgeListener(DatagramReactor(), self.root, print).startService()
        self.assertFalse((self.root / SOCKET).exists())


class DatagramReactor(MemoryReactor):
    """A MemoryReactor that has datagrams of UNIX sockets too."""

    def listenUNIXDatagram(self, address, *options):
        return None
