"""Tell systemd that the daemon is ready, that it is alive, and that it stops (sd_notify(3))."""

import contextlib
import socket
from collections.abc import Callable, Mapping

from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall, IReactorTime

MICROSECONDS = 1e6
FEEDS = 3  # in the time after which systemd takes the daemon for dead


def notify(environment: Mapping[str, str], state: str) -> None:
    """Send systemd a word, where it asked for any."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, contextlib.suppress(OSError):
        sender.setblocking(False)
        sender.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)


class Systemd(Service):
    """Says when the daemon is ready and when it stops, and feeds the watchdog for as long as ``well`` says yes."""

    def __init__(self, clock: IReactorTime, environment: Mapping[str, str], well: Callable[[], bool]) -> None:
        self._clock = clock
        self._environment = environment
        self._well = well
        self._interval = float(environment.get("WATCHDOG_USEC", "0")) / MICROSECONDS / FEEDS
        self._call: IDelayedCall | None = None

    def startService(self) -> None:
        """Say that all is started."""
        super().startService()
        notify(self._environment, "READY=1")
        if self._interval:
            self._feed()

    def stopService(self) -> None:
        """Say that the daemon stops; it is not taken for dead while it waits for its turn."""
        super().stopService()
        if self._call is not None:
            self._call.cancel()
        notify(self._environment, "STOPPING=1")

    def _feed(self) -> None:
        if self._well():
            notify(self._environment, "WATCHDOG=1")
        self._call = self._clock.callLater(self._interval, self._feed)
