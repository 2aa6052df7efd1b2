"""Ask the slaves, all that are due at once; act on their answers.

A turn waits for no slave in particular: it ends when all have answered, or none has for a moment, or after two
seconds. An answer that comes later is taken into the next turn, unless what was believed of its builder has changed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session
from twisted.logger import Logger

from buildmaster.collecting import Collector
from buildmaster.database import Database
from buildmaster.errands import Errands
from buildmaster.farm.actions import Restore
from buildmaster.farm.announcing import outage_text
from buildmaster.farm.blame import Quiet, outages
from buildmaster.farm.facts import BuilderFacts, Limits, Observation, Silence, SlaveStatus
from buildmaster.farm.groups import candidate_of, groups_of
from buildmaster.farm.pacing import Pace, interval
from buildmaster.farm.scanning import decide, marked_since_silent
from buildmaster.farm.states import BuildState, FailedBy
from buildmaster.model.cookies import mismatch
from buildmaster.model.notifying import Notices
from buildmaster.model.snapshots import snapshot
from buildmaster.probing import Answer, Probes
from buildmaster.tasks.effects import Decision, Effects

log = Logger()
NOBODY = "No builders are available"
NOT_ASKED = Observation(Silence("not asked"))
Answers = Mapping[int, Answer]


class Scanner:
    """The slave scanner's turn: gather what we believe, gather what slaves say, decide, carry out."""

    name = "slave_scanner"

    def __init__(
        self,
        database: Database,
        probes: Probes,
        errands: Errands,
        collector: Collector,
        effects: Effects,
        pace: Pace,
        limits: Limits,
        now: Callable[[], datetime],
        notices: Notices,
    ) -> None:
        self._database = database
        self._probes = probes
        self._errands = errands
        self._collector = collector
        self._effects = effects
        self._pace = pace
        self._limits = limits
        self._now = now
        self._notices = notices
        self._out: frozenset[str] = frozenset()
        self._empty: frozenset[str] = frozenset()

    async def run(self) -> None:
        """Take a turn."""
        away = self._errands.away()
        everybody = await self._database.read(snapshot)
        builders = [_landed(builder, self._collector) for builder in everybody if builder.id not in away]
        self._ask_those_due(builders)
        await self._probes.gather()
        answers = {builder.id: answer for builder in builders if (answer := self._probes.take(builder)) is not None}
        await self._effects.carry_out(await self._decisions(builders, answers))
        self._tell_of_empty_groups(everybody)

    def _tell_of_empty_groups(self, builders: Sequence[BuilderFacts]) -> None:
        """Warn, once each time, that no builder of a processor is in service."""
        groups = groups_of(candidate_of(builder) for builder in builders)
        empty = frozenset(name for name, group in groups.items() if not group.in_service)
        for processor in sorted(empty - self._empty):
            Logger(namespace=f"builders.{processor}").warn(NOBODY)
        self._empty = empty

    def _ask_those_due(self, builders: Sequence[BuilderFacts]) -> None:
        now = self._now()
        for builder in builders:
            if self._probes.due(builder, interval(builder, now, self._pace)):
                self._probes.ask(builder)

    async def _decisions(self, builders: Sequence[BuilderFacts], answers: Answers) -> list[Decision]:
        strange = await self._mismatches(builders, answers)
        excused = await self._excused(builders, answers)
        now = self._now()
        decisions = [self._unasked(builder, now, excused) for builder in builders if builder.id not in answers]
        for builder in builders:
            if builder.id in answers:
                answer = answers[builder.id]
                seen = Observation(answer.word, answer.info, strange.get(builder.id), outage=builder.id in excused)
                decisions.append(Decision(builder, decide(builder, seen, now, self._limits), seen))
        return decisions

    def _unasked(self, builder: BuilderFacts, now: datetime, excused: frozenset[int]) -> Decision:
        """Decide about a builder that did not say anything, since nobody asked it or it was too slow."""
        if builder.id in excused and marked_since_silent(builder):
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

    async def _excused(self, builders: Sequence[BuilderFacts], answers: Answers) -> frozenset[int]:
        """Return the builders whose silence is the network's fault; tell of a fault that is new."""
        now = self._now()
        quiet = [
            Quiet(builder.id, builder.processors, _silent_since(builder, answers, now))
            for builder in builders
            if builder.builderok or builder.failed_by is FailedBy.PROBE
        ]
        out = outages(quiet, now)
        for processor in sorted(out.keys() - self._out):
            about, text = outage_text(processor, len(out[processor]))
            log.error("{text}", text=text)
            await self._database.run(self._notices.warn, now, about, text)
        self._out = frozenset(out)
        return frozenset[int]().union(*out.values())


def _landed(builder: BuilderFacts, collector: Collector) -> BuilderFacts:
    """Look whether a killed master had fetched the results of the builder's job already."""
    if builder.job is None or builder.job.state is not BuildState.GATHERING:
        return builder
    return replace(builder, job=replace(builder.job, landed=collector.landed(builder.job.cookie) is not None))


def _silent_since(builder: BuilderFacts, answers: Answers, now: datetime) -> datetime | None:
    answer = answers.get(builder.id)
    if answer is None or isinstance(answer.word, Silence):
        return builder.silent_since or (now if answer is not None else None)
    return None


def _look_up(session: Session, cookies: Mapping[int, str]) -> dict[int, str]:
    found = {builder_id: mismatch(session, cookie, builder_id) for builder_id, cookie in cookies.items()}
    return {builder_id: reason for builder_id, reason in found.items() if reason is not None}
