"""Which builders a waiting build has failed on, since somebody last asked for it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from buildmaster.farm.queue.dispatching import Head
from buildmaster.model.tables.builds import Attempt, Build


def with_failures(session: Session, heads: Sequence[Head]) -> list[Head]:
    """Return the entries with the builders that they have failed on: those of builds that failed last time, that is."""
    failed = [head.build_id for head in heads if head.shunned_id is not None]
    if not failed:
        return list(heads)
    found: dict[int, set[int]] = defaultdict(set)
    query = select(Attempt.build_id, Attempt.builder_id).join(Build).where(Attempt.blamed, Build.failure_count > 0)
    for build_id, builder_id in session.execute(query.where(Attempt.build_id.in_(failed))):
        found[build_id].add(builder_id)
    return [replace(head, failed_on=frozenset(found[head.build_id])) for head in heads]
