"""Find builders that stand idle beside builds that they could take: the dispatcher does not do its work."""

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from buildmaster.farm.findings import Finding
from buildmaster.farm.queue.dispatching import block, match
from buildmaster.model.dispatch.blocking import places
from buildmaster.model.dispatch.claiming import candidates, heads
from buildmaster.model.tables.builders import Builder
from buildmaster.model.tables.builds import BuildQueue

LONG = timedelta(minutes=5)  # for which a builder may rest, and a build wait, between turns and after mishaps
CURE = "see if the daemon runs, has room on its disk, and gives the job dispatcher its turns; its log tells the rest"


def idle_beside_work(session: Session, now: datetime) -> tuple[Finding, ...]:
    """Return the builders that have been clean for long while a build waited for long that nothing keeps from them."""
    builders = candidates(session, ())
    idle = Counter(pool for builder in builders if builder.hindrance is None for pool in builder.pools)
    plan = match(builders, heads(session, dict(idle)))
    here = places(session, [assignment.entry_id for assignment in plan])
    names = {builder.id: builder.name for builder in builders}
    return tuple(
        Finding(f"the builder {names[it.builder_id]} is idle, and build {it.build_id} waits for one like it", CURE)
        for it in plan
        if block(here[it.entry_id]) is None and _for_long(session, it.builder_id, it.entry_id, now)
    )


def _for_long(session: Session, builder_id: int, entry_id: int, now: datetime) -> bool:
    clean_since = session.scalar(select(Builder.clean_since).where(Builder.id == builder_id))
    created = session.scalar(select(BuildQueue.created).where(BuildQueue.id == entry_id))
    return all(time is not None and time < now - LONG for time in (clean_since, created))
