"""Hear of jobs that have work, through a socket in the farm's folder."""

from collections.abc import Callable
from pathlib import Path

from twisted.application.service import Service
from twisted.internet.interfaces import IListeningPort, IReactorUNIXDatagram
from twisted.internet.protocol import DatagramProtocol
from twisted.logger import Logger

from buildmaster.daemon.waking import SOCKET, socket_address

LONGEST = 4096  # bytes of a nudge


class Nudges(DatagramProtocol):
    """Takes nudges, each a datagram of names; what is none is dropped."""

    noisy = False

    def __init__(self, nudge: Callable[[str], None]) -> None:
        self._nudge = nudge

    def datagramReceived(self, datagram: bytes, addr: object) -> None:
        """Nudge each job that is named."""
        for name in datagram.decode(errors="replace").split():
            self._nudge(name)


class NudgeListener(Service):
    """Listens for nudges while it runs."""

    log = Logger()

    def __init__(self, reactor: IReactorUNIXDatagram, root: Path, nudge: Callable[[str], None]) -> None:
        self._reactor = reactor
        self._root = root
        self._nudge = nudge
        self._port: IListeningPort | None = None

    def startService(self) -> None:
        """Listen; a socket that a killed daemon left is removed."""
        super().startService()
        (self._root / SOCKET).unlink(missing_ok=True)
        with socket_address(self._root) as address:
            self._port = self._reactor.listenUNIXDatagram(address, Nudges(self._nudge), LONGEST, 0o660)

    def stopService(self) -> None:
        """Listen no more."""
        super().stopService()
        if self._port is not None:
            self._port.stopListening()
            (self._root / SOCKET).unlink(missing_ok=True)
