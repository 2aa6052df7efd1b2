"""Call for the scanner's next turn: when somebody is due, and for answers that came too late for the last."""

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

APART = 0.05  # seconds from one turn to the next that is called for because somebody is due


class TurnCalls:
    """Calls for turns by ``call``: once for all answers that come late, and when the next builder is due."""

    def __init__(self, clock: IReactorTime, call: Callable[[], None]) -> None:
        self._clock = clock
        self._call = call
        self._next: IDelayedCall | None = None
        self._called = False

    def begin(self) -> None:
        """Begin a turn: what was called for is there."""
        self._forget()
        self._called = False

    def end(self, due: float | None) -> None:
        """End a turn: call for another when somebody is ``due``, on the clock, but not at once."""
        self._forget()
        if due is not None:
            self._next = self._clock.callLater(max(APART, due - self._clock.seconds()), self._call)

    def late_answer(self) -> None:
        """Call for a turn that takes an answer which the last did not wait for."""
        if not self._called:
            self._called = True
            self._call()

    def _forget(self) -> None:
        call, self._next = self._next, None
        if call is not None and call.active():
            call.cancel()
