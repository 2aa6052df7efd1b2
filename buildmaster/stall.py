"""Measure how long the reactor is held up."""

from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall, IReactorTime

INTERVAL = 0.5  # seconds between two looks
WINDOW = 60.0  # seconds over which the worst is kept


class Stall(Service):
    """Looks at the clock twice a second: whoever is called later than it asked was held up by someone."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._call: IDelayedCall | None = None
        self._expected = 0.0
        self._window_ends = 0.0
        self._now = self._before = 0.0

    @property
    def worst(self) -> float:
        """The longest stall of the last minute or two, in seconds."""
        return max(self._now, self._before)

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
            self._before, self._now, self._window_ends = self._now, 0.0, seconds + WINDOW
        self._now = max(self._now, seconds - self._expected)
        self._expect()
