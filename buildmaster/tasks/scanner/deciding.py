"""Decide about builders, on what is believed of them and on what their slaves said."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session
from twisted.internet.interfaces import IReactorTime

from buildmaster.farm.builders.actions import Restore
from buildmaster.farm.builders.facts import BuilderFacts, Limits, Observation
from buildmaster.farm.builders.replies import Silence, SlaveStatus
from buildmaster.farm.builders.scanning import decide, marked_since_silent
from buildmaster.farm.builders.states import FailedBy
from buildmaster.model.builders.cookies import mismatch
from buildmaster.tasks.scanner.effects import Decision
from buildmaster.tasks.scanner.round import Answer
from buildmaster.tasks.scanner.silences import Silences
from buildmaster.work.pausing import unhurried
from buildmaster.work.taskcontext import TaskContext

NOT_ASKED = Observation(Silence("not asked"))
Answers = Mapping[int, Answer]


class Deciding:
    """The decisions of the scanner's turns: what a slave's word means also depends on whose else's is missing."""

    def __init__(self, context: TaskContext, clock: IReactorTime, limits: Limits) -> None:
        self._context = context
        self._clock = clock
        self._silences = Silences(context)
        self._limits = limits

    def survey(self, everybody: Sequence[BuilderFacts]) -> None:
        """See who of everybody is silent."""
        self._silences.forget()
        self._silences.note(everybody, {}, self._context.now())

    async def decisions(self, builders: Sequence[BuilderFacts], answers: Answers) -> list[Decision]:
        """Decide about these, some of which may have answered; return the decisions to do something."""
        strange = await self._mismatches(builders, answers)
        now = self._context.now()
        self._silences.note(builders, answers, now)
        excused = await self._silences.excused(now)
        decisions = []
        async for builder in unhurried(self._clock, builders):
            answer, out = answers.get(builder.id), builder.id in excused
            if answer is None:
                decision = self._unasked(builder, now, excused=out)
            else:
                seen = Observation(answer.word, answer.info, strange.get(builder.id), outage=out)
                decision = Decision(builder, decide(builder, seen, now, self._limits), seen)
            if decision.actions:
                decisions.append(decision)
        return decisions

    def _unasked(self, builder: BuilderFacts, now: datetime, *, excused: bool) -> Decision:
        """Decide about a builder that did not say anything, since nobody asked it or it was too slow."""
        if excused and marked_since_silent(builder):
            return Decision(builder, (Restore(),))
        if builder.builderok or builder.failed_by is FailedBy.PROBE:
            return Decision(builder, ())
        return Decision(builder, decide(builder, NOT_ASKED, now, self._limits))

    async def _mismatches(self, builders: Sequence[BuilderFacts], answers: Answers) -> dict[int, str]:
        """Look up the cookies that are not what their builders should hold."""
        strange = {}
        for builder in builders:
            word = answers[builder.id].word if builder.id in answers else None
            cookie = word.cookie if isinstance(word, SlaveStatus) else None
            if cookie is not None and (builder.job is None or cookie != builder.job.cookie):
                strange[builder.id] = cookie
        return await self._context.database.read(_look_up, strange) if strange else {}


def _look_up(session: Session, cookies: Mapping[int, str]) -> dict[int, str]:
    found = {builder_id: mismatch(session, cookie, builder_id) for builder_id, cookie in cookies.items()}
    return {builder_id: reason for builder_id, reason in found.items() if reason is not None}
