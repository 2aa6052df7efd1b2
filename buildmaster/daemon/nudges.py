"""Tell a running daemon that jobs have work, through a socket in the farm's folder.

The socket is named through the folder's descriptor: a socket's own path may have 107 bytes only.
"""

import contextlib
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from twisted.application.service import Service
from twisted.internet.interfaces import IListeningPort, IReactorUNIXDatagram
from twisted.internet.protocol import DatagramProtocol
from twisted.logger import Logger

SOCKET = "nudge"
LONGEST = 4096  # bytes of a nudge


def send(root: Path, names: Iterable[str]) -> None:
    """Make the named jobs of the daemon that runs on ``root`` due at once; do nothing where none runs."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        with _address(root) as address:
            sender.sendto(" ".join(names).encode(), address)


@contextlib.contextmanager
def _address(root: Path) -> Iterator[str]:
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{SOCKET}"
    finally:
        os.close(folder)


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
        with _address(self._root) as address:
            self._port = self._reactor.listenUNIXDatagram(address, Nudges(self._nudge), LONGEST, 0o660)

    def stopService(self) -> None:
        """Listen no more."""
        super().stopService()
        if self._port is not None:
            self._port.stopListening()
            (self._root / SOCKET).unlink(missing_ok=True)
