"""Measure how long the reactor is held up."""

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
