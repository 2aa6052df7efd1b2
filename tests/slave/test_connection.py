"""Connections under any history of a slave: every call ends in time, once; what may not be repeated is not."""

import itertools
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.files.writing import HashedFile
from buildmaster.slave.client import Slave
from tests.support.farmnetwork import FarmNetwork

URL = "http://bob:8221/"
LONGEST = 20 * 40.0  # seconds that a call may take once it is its turn
CALLS = ("status", "info", "abort", "clean", "build", "ensurepresent", "fetch")
FAULTS = ("vanish", "hang", "babble", "forget", "recover", "lose", "slow", "close_idle")
calls = st.tuples(st.sampled_from(CALLS), st.floats(0, 70))
faults = st.tuples(st.sampled_from(FAULTS), st.floats(0, 70))


class History:
    """A slave and what happens to it, and what its client was told."""

    def __init__(self, latency):
        self.clock = Clock()
        self.farm = FarmNetwork(self.clock, latency)
        self.double = self.farm.slave(URL)
        self.slave = Slave(self.farm, URL, 40.0)
        self.cookies = (f"1-{number}" for number in itertools.count(1))
        self.answers, self.asked = [], 0

    def happen(self, event, seconds):
        if event in CALLS:
            self.asked += 1
            self._call(event).addBoth(self.answers.append)
        else:
            getattr(self, f"_{event}", getattr(self.double, event, None))()
        self.clock.pump([0.5] * int(seconds * 2))

    def _call(self, name):
        arguments = {
            "build": (next(self.cookies), "binarypackage", "ab", {}, {}),
            "ensurepresent": ("ab", None, "", ""),
            "fetch": ("buildlog", HashedFile(Path("/dev/null/log")), 100, 101),
        }
        return getattr(self.slave, name)(*arguments.get(name, ()))

    def _lose(self):
        for name in CALLS[:-1]:
            self.double.lose_reply(name)

    def _slow(self):
        self.double.slowness = 30.0

    def _close_idle(self):
        for end in list(self.farm.connections):
            end.loseConnection()


class HistoryTests(SynchronousTestCase):
    @given(st.lists(calls | faults, max_size=12), st.sampled_from([0.0, 0.1]))
    def test_every_call_ends_once_and_builds_are_sent_once(self, events, latency):
        history = History(latency)
        for event, seconds in events:
            history.happen(event, seconds)
        history.clock.pump([10.0] * int(history.asked * LONGEST / 10 + 1))
        self.assertEqual(history.asked, len(history.answers))
        self.assertEqual([], [answer for answer in history.answers if hasattr(answer, "getTraceback")])
        builds = [call[1] for call in history.double.calls if call[0] == "build"]
        self.assertEqual(sorted(set(builds)), sorted(builds))
        history.slave.close()
        history.clock.pump([1.0] * 70)
        self.assertEqual(([], []), (history.farm.connections, history.clock.getDelayedCalls()))
