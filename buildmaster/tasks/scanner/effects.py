"""Carry out what was decided about builders: rows are changed, errands begin, the log tells.

A turn's rows are changed in one transaction for all builders; where that fails, in one for each, so that an error in
one builder's actions is that builder's alone. What must be said to a slave is an errand, since slaves may be slow.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from buildmaster.farm.builders.actions import Abort, Action, Clean, Collect, Conclude, MarkClean, Requeue, Reset
from buildmaster.farm.builders.blame import Verdict
from buildmaster.farm.builders.facts import BuilderFacts, JobFacts, Observation
from buildmaster.farm.builders.logmessages import judged, line
from buildmaster.model.builders.actions import Verdicts, apply, changes_rows
from buildmaster.model.notices.builds import Notices
from buildmaster.tasks.scanner.slaveerrands import SlaveErrands
from buildmaster.work.builderlog import say
from buildmaster.work.errands import Errands
from buildmaster.work.pausing import unhurried
from buildmaster.work.taskcontext import TaskContext

log = Logger()
Errand = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Decision:
    """What was decided about a builder, and on what."""

    builder: BuilderFacts
    actions: tuple[Action, ...]
    seen: Observation | None = None


Changed = tuple[Decision, Verdict | None]  # a decision whose rows were changed, and who was found guilty


class Effects:
    """Carries out what was decided."""

    def __init__(
        self,
        context: TaskContext,
        clock: IReactorTime,
        errands: Errands,
        slave_errands: SlaveErrands,
    ) -> None:
        self._context = context
        self._clock = clock
        self._errands = errands
        self._slave_errands = slave_errands

    async def carry_out(self, decisions: Sequence[Decision]) -> None:
        """Change the rows, say so in the log, and begin the errands: first those that wait for no row."""
        now = self._context.now()
        changing: list[Decision] = []
        others: list[Decision] = []
        for decision in decisions:
            news = changes_rows(now, decision.builder, decision.actions)
            (changing if news else others).append(decision)
        await self._go_on([(decision, None) for decision in others])
        await self._go_on(await self._change_rows(changing))

    async def _go_on(self, changed: Sequence[Changed]) -> None:
        async for decision, verdict in unhurried(self._clock, changed):
            announce(decision, verdict)
            self._begin_errand(decision)
            if any(isinstance(action, Requeue | MarkClean) for action in decision.actions):
                self._context.nudge("dispatcher")

    async def _change_rows(self, decisions: list[Decision]) -> list[Changed]:
        """Change the rows of all; return the decisions whose rows could be changed."""
        if not decisions:
            return []
        try:
            return await self._change(decisions)
        except Exception:  # whosever error it is, the rows of the others are to be changed
            log.failure("the rows of this turn could not be changed together: each builder's are now changed alone")
        return [changed for decision in decisions for changed in await self._change_row(decision)]

    async def _change_row(self, decision: Decision) -> list[Changed]:
        try:
            return await self._change([decision])
        except Exception:  # as above
            log.failure("builder {name}: its rows could not be changed", name=decision.builder.name)
            return []

    async def _change(self, decisions: list[Decision]) -> list[Changed]:
        verdicts = await self._context.database.run(_change, self._context.now(), decisions, self._context.notices)
        return [(decision, verdicts.get(decision.builder.id)) for decision in decisions]

    def _begin_errand(self, decision: Decision) -> None:
        for action in decision.actions:
            errand = self._errand(decision.builder, action)
            if errand is not None:
                self._errands.begin(decision.builder.id, errand)
                return

    def _errand(self, builder: BuilderFacts, action: Action) -> Errand | None:
        """Return what is to be said to the slave, if the action needs that."""
        slaves = self._slave_errands
        match action:
            case Abort():
                return partial(slaves.abort, builder)
            case Clean():
                return partial(slaves.clean, builder)
            case Reset():
                return partial(slaves.reset, builder)
        return None if builder.job is None else self._ending(builder, builder.job, action)

    def _ending(self, builder: BuilderFacts, job: JobFacts, action: Action) -> Errand | None:
        slaves = self._slave_errands
        match action:
            case Collect():
                return partial(slaves.fetch_results, builder, job, action)
            case Conclude(fetch_log=True):
                return partial(slaves.conclude, builder, job, action)
            case Requeue(fetch_log=True):
                return partial(slaves.give_back, builder, job, action)
        return None


def announce(decision: Decision, verdict: Verdict | None) -> None:
    """Log the actions that are worth a line, and who was found guilty."""
    builder = decision.builder
    for action in decision.actions:
        say(builder, line(builder, action, decision.seen))
        if isinstance(action, Requeue) and builder.job is not None:
            say(builder, judged(builder, builder.job.title, verdict, action.reason))


def _change(session: Session, now: datetime, decisions: Sequence[Decision], notices: Notices) -> Verdicts:
    return apply(session, now, [(decision.builder, decision.actions) for decision in decisions], notices)
