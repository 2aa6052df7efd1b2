"""Measure how long the reactor is held up, and spare it the collector of garbage."""

import gc
from itertools import chain

from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall, IReactorTime

INTERVAL = 0.5  # seconds between two looks
WINDOW = 60.0  # seconds over which what was seen is kept


class Stall(Service):
    """Looks at the clock twice a second: whoever is called later than it asked was held up by someone."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._call: IDelayedCall | None = None
        self._expected = 0.0
        self._window_ends = 0.0
        self._now: list[float] = []
        self._before: list[float] = []

    @property
    def worst(self) -> float:
        """The longest stall of the last minute or two, in seconds."""
        return max(chain(self._now, self._before), default=0.0)

    def within(self, share: float) -> float:
        """Return the seconds by which no more than this share of the looks of that time came late."""
        late = sorted(chain(self._now, self._before))
        return late[min(len(late) - 1, int(len(late) * share))] if late else 0.0

    def startService(self) -> None:
        """Begin to look."""
        super().startService()
        self._expect()

    def stopService(self) -> None:
        """Look no more."""
        super().stopService()
        if self._call is not None and self._call.active():
            self._call.cancel()

    def _expect(self) -> None:
        self._expected = self._clock.seconds() + INTERVAL
        self._call = self._clock.callLater(INTERVAL, self._look)

    def _look(self) -> None:
        seconds = self._clock.seconds()
        if seconds >= self._window_ends:
            self._before, self._now, self._window_ends = self._now, [], seconds + WINDOW
        self._now.append(seconds - self._expected)
        self._expect()


def spare() -> None:
    """Keep all that is there now out of the collector's sight, once what is garbage of it is gone.

    That is most of the daemon: its modules and the maps of its tables. Each full collection looked at them, for a
    tenth of a second. To be called whenever the parts of the daemon have been made.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
