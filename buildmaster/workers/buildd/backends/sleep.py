"""Pretend to build, for farms of hundreds in one process: how long, and how it ends, stands in the source's name."""

import re

from twisted.internet.threads import deferToThreadPool

from buildmaster.workers.buildd.backends.pretending import make_results
from buildmaster.workers.buildd.orders import Order, Outcome, Verdict
from buildmaster.workers.buildd.workbench import Workbench
from buildmaster.workers.reactor import IReactor

SECONDS = re.compile(r"sleep(\d+(?:\.\d+)?)")
ENDS = re.compile(r"(packagefail|depfail|chrootfail|builderfail|givenback|aborted)")
MISSING = "nowhere-to-be-found (>= 1)"


class SleepWay:
    """Sleeps, then says what it was told to say: ``tiny_1.0+sleep2+depfail`` sleeps 2 s and misses a dependency."""

    name = "sleep"

    def __init__(self, reactor: IReactor) -> None:
        self._reactor = reactor

    async def build(self, order: Order, bench: Workbench) -> Outcome:
        """Let the time pass; a build that goes well leaves small packages with right checksums."""
        seconds, verdict = read_name(order.dsc)
        bench.log.note(f"Sleeping {seconds:g} s, then {verdict.name}")
        await bench.pause(seconds)
        if verdict is not Verdict.OK:
            return Outcome(verdict, dependencies=MISSING if verdict is Verdict.DEPFAIL else "")
        files = await deferToThreadPool(self._reactor, self._reactor.getThreadPool(), make_results, order)
        return Outcome(verdict, files) if files else Outcome(Verdict.PACKAGEFAIL)


def read_name(name: str) -> tuple[float, Verdict]:
    """Return the seconds and the end that a .dsc's name asks for; without words: at once, and well."""
    seconds = SECONDS.search(name)
    end = ENDS.search(name)
    return float(seconds[1]) if seconds else 0.0, Verdict[end[1].upper()] if end else Verdict.OK
