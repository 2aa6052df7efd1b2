"""Say why each waiting build waits, and why each builder without work has none.

The rules are the dispatcher's own, so what they say is what it does. Errands are known to the daemon alone: a builder
that is on one counts as idle here. ``halted`` is why nothing at all is dispatched now, where that is so.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from buildmaster.errors import BuildmasterError
from buildmaster.farm.queue.dispatching import Candidate, Head, Pool, block, explain_builder, explain_entry
from buildmaster.model.dispatch.blocking import places
from buildmaster.model.dispatch.claiming import candidates
from buildmaster.model.dispatch.failedon import with_failures
from buildmaster.model.tables.builds import Build, BuildQueue, no_build
from buildmaster.model.tables.distribution import Processor
from buildmaster.model.tables.mapping import AnyRow, AnySelect

NEXT = "the next turn of the dispatcher gives it to a builder"


@dataclass(frozen=True)
class Explanation:
    """Why something waits: the build with the id ``build``, or the builder called ``builder``; the other is None."""

    build: int | None
    builder: str | None
    reason: str


def explain_build(session: Session, build_id: int, halted: str | None = None) -> Explanation:
    """Return why a build waits; raise BuildmasterError if it doesn't."""
    row = session.execute(_entries().where(BuildQueue.build_id == build_id)).one_or_none()
    if row is None and session.get(Build, build_id) is None:
        raise no_build(build_id)
    if row is None:
        raise BuildmasterError(f"build {build_id} does not wait: see `buildmaster build show {build_id}`")
    before = (BuildQueue.lastscore > row.lastscore) | (
        (BuildQueue.lastscore == row.lastscore) & (BuildQueue.build_id < row.build_id)
    )
    ahead = session.execute(_entries().where(before, BuildQueue.reason.is_(None)))
    heads = with_failures(session, [_head(row), *map(_head, ahead)])
    return _explain(heads[0], _blocks(session, [row])[row.id] or halted, candidates(session, ()), heads[1:])


def explain_queue(session: Session, limit: int, halted: str | None = None) -> list[Explanation]:
    """Return why each of the first ``limit`` waiting builds waits, in the order of dispatch."""
    rows = session.execute(_entries().limit(limit)).all()
    blocked, builders = _blocks(session, rows), candidates(session, ())
    ahead: list[Head] = []
    found = []
    for head in with_failures(session, [_head(row) for row in rows]):
        block = blocked[head.entry_id]
        found.append(_explain(head, block or halted, builders, ahead))
        if block is None:
            ahead.append(head)
    return found


def explain_builders(session: Session, halted: str | None = None) -> list[Explanation]:
    """Return why each builder without work has none, by name."""
    waiting = _waiting(session)
    idle = (builder for builder in candidates(session, ()) if not builder.building)
    found = [Explanation(None, builder.name, explain_builder(builder, waiting, halted)) for builder in idle]
    return sorted(found, key=lambda explanation: str(explanation.builder))


def _waiting(session: Session) -> Counter[Pool]:
    """Return how many unblocked entries each pool has."""
    query = (
        select(Processor.name, BuildQueue.is_trusted, func.count())
        .join(Processor, Processor.id == BuildQueue.processor_id)
        .where(BuildQueue.builder_id.is_(None), BuildQueue.reason.is_(None))
        .group_by(Processor.name, BuildQueue.is_trusted)
    )
    return Counter({(processor, trusted): count for processor, trusted, count in session.execute(query)})


def _entries() -> AnySelect:
    return (
        select(
            *(BuildQueue.id, BuildQueue.build_id, BuildQueue.lastscore, BuildQueue.reason, BuildQueue.is_trusted),
            *(BuildQueue.shunned_id, Processor.name.label("processor")),
        )
        .join(Processor, Processor.id == BuildQueue.processor_id)
        .where(BuildQueue.builder_id.is_(None))
        .order_by(BuildQueue.lastscore.desc(), BuildQueue.build_id)
    )


def _head(row: AnyRow) -> Head:
    return Head(row.id, row.build_id, row.processor, row.is_trusted, row.lastscore, row.shunned_id)


def _blocks(session: Session, rows: Sequence[AnyRow]) -> dict[int, str | None]:
    """Return what blocks each entry, kept on it or found now: one that is far back may not have been looked at yet."""
    here = places(session, [row.id for row in rows])
    return {row.id: row.reason or block(here[row.id]) for row in rows}


def _explain(head: Head, blocked: str | None, builders: Sequence[Candidate], ahead: Sequence[Head]) -> Explanation:
    return Explanation(head.build_id, None, explain_entry(head, blocked, builders, ahead) or NEXT)
