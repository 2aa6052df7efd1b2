"""Remember who is silent, and find out whether that is the network's fault."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from twisted.logger import Logger

from buildmaster.farm.builders.blame import Quiet, outages
from buildmaster.farm.builders.facts import BuilderFacts
from buildmaster.farm.builders.logmessages import outage_text
from buildmaster.farm.builders.replies import Silence
from buildmaster.farm.builders.states import FailedBy
from buildmaster.tasks.scanner.round import Answer
from buildmaster.work.taskcontext import TaskContext

log = Logger()


class Silences:
    """Since when each builder is silent, as it was seen last."""

    def __init__(self, context: TaskContext) -> None:
        self._context = context
        self._quiet: dict[int, Quiet] = {}
        self._out: frozenset[str] = frozenset()
        self._excused: frozenset[int] = frozenset()
        self._changed = False

    def forget(self) -> None:
        """Forget them all, before everybody is looked at."""
        self._quiet.clear()
        self._changed = True

    def note(self, builders: Iterable[BuilderFacts], answers: Mapping[int, Answer], now: datetime) -> None:
        """Note who of these is silent; those that no probe may restore count for nothing."""
        for builder in builders:
            counts = builder.builderok or builder.failed_by is FailedBy.PROBE
            since = _silent_since(builder, answers.get(builder.id), now)
            quiet = Quiet(builder.id, builder.processors if counts else (), since)
            self._changed = self._changed or self._quiet.get(builder.id) != quiet
            self._quiet[builder.id] = quiet

    async def excused(self, now: datetime) -> frozenset[int]:
        """Return the builders whose silence is the network's fault; tell of a fault that is new."""
        if not self._changed:
            return self._excused
        out = outages(self._quiet.values(), now)
        for processor in sorted(out.keys() - self._out):
            about, text = outage_text(processor, len(out[processor]))
            log.error("{text}", text=text)
            await self._context.database.run(self._context.notices.warn, now, about, text)
        self._out, self._changed = frozenset(out), False
        self._excused = frozenset[int]().union(*out.values())
        return self._excused


def _silent_since(builder: BuilderFacts, answer: Answer | None, now: datetime) -> datetime | None:
    if answer is None or isinstance(answer.word, Silence):
        return builder.silent_since or (now if answer is not None else None)
    return None
