"""Ask the slaves that are due, many at once; act on their answers.

A turn waits for no slave in particular: it acts on answers as they come, some at a time, and ends when all have
answered, or none has for a moment. An answer that comes later is taken into the next turn, unless what was believed of
its builder has changed.

Everybody is looked at once a second. Other turns look only at the builders that are due, that have answered, or whose
errands have ended: what is decided on is fresh in each turn, and the others' rows have not changed but by an operator.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from buildmaster.asking import Asking
from buildmaster.collecting import Collector
from buildmaster.database import Database
from buildmaster.errands import Errands
from buildmaster.farm.actions import Restore
from buildmaster.farm.facts import BuilderFacts, Limits, Observation, Silence, SlaveStatus
from buildmaster.farm.groups import unserved
from buildmaster.farm.scanning import decide, marked_since_silent
from buildmaster.farm.states import BuildState, FailedBy
from buildmaster.model.cookies import mismatch
from buildmaster.model.snapshots import MOST, glimpse, snapshot
from buildmaster.pausing import unhurried
from buildmaster.probing import NEVER, Answer
from buildmaster.silences import Silences
from buildmaster.tasks.effects import Decision, Effects

NOBODY = "No builders are available"
NOT_ASKED = Observation(Silence("not asked"))
EVERYBODY = 1.0  # seconds from one look at everybody to the next, at the least
Answers = Mapping[int, Answer]


class Scanner:
    """The slave scanner's turn: gather what we believe, gather what slaves say, decide, carry out."""

    name = "slave_scanner"

    def __init__(
        self,
        clock: IReactorTime,
        database: Database,
        asking: Asking,
        errands: Errands,
        collector: Collector,
        effects: Effects,
        silences: Silences,
        limits: Limits,
        now: Callable[[], datetime],
    ) -> None:
        self._clock = clock
        self._database = database
        self._asking = asking
        self._errands = errands
        self._collector = collector
        self._effects = effects
        self._silences = silences
        self._limits = limits
        self._now = now
        self._looked = NEVER
        self._empty: frozenset[str] = frozenset()

    async def run(self) -> None:
        """Take a turn."""
        away = self._errands.away()
        called = (self._asking.begin() | self._errands.returned()) - away
        believed = await self._look(called)
        builders = [_landed(builder, self._collector) for builder in believed if builder.id not in away]
        await self._asking.ask_those_due(builders)
        await self._act({builder.id: builder for builder in builders})
        self._asking.end()

    async def _act(self, builders: dict[int, BuilderFacts]) -> None:
        """Act on the answers as they come; then see what is to be done about those that gave none."""
        more = True
        while more:
            more = await self._asking.gather()
            answers = self._asking.take(builders)
            heard = [builders.pop(builder_id) for builder_id in answers]
            await self._effects.carry_out(await self._decisions(heard, answers))
        await self._effects.carry_out(await self._decisions(list(builders.values()), {}))

    async def _look(self, called: frozenset[int]) -> Sequence[BuilderFacts]:
        """Return what is believed of those that call for this turn, or of everybody."""
        now = self._clock.seconds()
        if now - self._looked < EVERYBODY and len(called) <= MOST:
            return await self._database.read(glimpse, called) if called else ()
        self._looked = now
        everybody = await self._database.read(snapshot)
        self._asking.survey(everybody)
        self._silences.forget()
        self._silences.note(everybody, {}, self._now())
        self._tell_of_empty_groups(everybody)
        return everybody

    def _tell_of_empty_groups(self, builders: Sequence[BuilderFacts]) -> None:
        """Warn, once each time, that no builder of a processor is in service."""
        empty = unserved(builders)
        for processor in sorted(empty - self._empty):
            Logger(namespace=f"builders.{processor}").warn(NOBODY)
        self._empty = empty

    async def _decisions(self, builders: Sequence[BuilderFacts], answers: Answers) -> list[Decision]:
        strange = await self._mismatches(builders, answers)
        now = self._now()
        self._silences.note(builders, answers, now)
        excused = await self._silences.excused(now)
        decisions = []
        async for builder in unhurried(self._clock, builders):
            answer, out = answers.get(builder.id), builder.id in excused
            if answer is None:
                decisions.append(self._unasked(builder, now, excused=out))
            else:
                seen = Observation(answer.word, answer.info, strange.get(builder.id), outage=out)
                decisions.append(Decision(builder, decide(builder, seen, now, self._limits), seen))
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
        return await self._database.read(_look_up, strange) if strange else {}


def _landed(builder: BuilderFacts, collector: Collector) -> BuilderFacts:
    """Look whether a killed master had fetched the results of the builder's job already."""
    if builder.job is None or builder.job.state is not BuildState.GATHERING:
        return builder
    return replace(builder, job=replace(builder.job, landed=collector.landed(builder.job.cookie) is not None))


def _look_up(session: Session, cookies: Mapping[int, str]) -> dict[int, str]:
    found = {builder_id: mismatch(session, cookie, builder_id) for builder_id, cookie in cookies.items()}
    return {builder_id: reason for builder_id, reason in found.items() if reason is not None}
