"""Obey signals: TERM and INT end the turn and stop, at once when they come again; HUP and USR1 do as they are told."""

import os
import signal
from collections.abc import Callable, Mapping

from twisted.application.service import Service
from twisted.internet.interfaces import IReactorCore, IReactorFromThreads
from twisted.logger import Logger

STOPPED_AT_ONCE = 1  # the exit code


class IReactor(IReactorCore, IReactorFromThreads):
    """What can be stopped, and be told things from a signal."""


class Signals(Service):
    """Takes signals over, some from the reactor once it runs. ``deeds`` are what HUP, USR1 and others do."""

    log = Logger()

    def __init__(self, reactor: IReactor, deeds: Mapping[signal.Signals, Callable[[], object]]) -> None:
        self._reactor = reactor
        self._deeds = deeds
        self._stopping = False

    def startService(self) -> None:
        """Take over all but TERM and INT, for which the reactor sets its own when it starts to run."""
        super().startService()
        for number in self._deeds:
            signal.signal(number, lambda number, _frame: self.obey(signal.Signals(number)))
        self._reactor.callWhenRunning(self._take_over)

    def _take_over(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, _frame: self.stop(number))

    def stop(self, number: int) -> None:
        """Stop when the turn has ended, or, the second time, at once."""
        if self._stopping:
            os._exit(STOPPED_AT_ONCE)
        self._stopping = True
        self.log.info("Received {name}, stopping after the turn under way", name=signal.Signals(number).name)
        self._reactor.callFromThread(self._reactor.stop)

    def obey(self, number: signal.Signals) -> None:
        """Do what the signal is for, on the reactor's next occasion."""
        self._reactor.callFromThread(self._deeds[number])
