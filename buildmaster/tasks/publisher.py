"""Publish what waits for it: sources and binaries whose files are in the librarian."""

from datetime import datetime, timedelta

import pytz
from twisted.logger import Logger

from buildmaster.model.publishing.publications import Published, publish
from buildmaster.work.taskcontext import TaskContext

ANEW = timedelta(seconds=10)  # after which sources are looked at again whose files were not there

log = Logger()


class Publisher:
    """The publisher's turn."""

    name = "publisher"

    def __init__(self, context: TaskContext) -> None:
        self._context = context
        self._seen, self._looked = 0, datetime.min.replace(tzinfo=pytz.UTC)

    async def run(self) -> None:
        """Publish all that waits, a batch a transaction, and wake who may go on."""
        batches = await self._batches()
        sources, binaries = sum(batch.sources for batch in batches), sum(batch.binaries for batch in batches)
        if sources or binaries:
            log.info("{sources} source(s) and {binaries} binaries published", sources=sources, binaries=binaries)
        if sources or any(batch.waited_for for batch in batches):
            self._context.nudge("queue_builder")
        if sources:
            self._context.nudge("dispatcher")

    async def _batches(self) -> list[Published]:
        """Publish batches until no more waits.

        Sources that wait for their files may be very many, so what was seen is left alone for a while.
        """
        now = self._context.now()
        if now - self._looked >= ANEW:
            self._seen, self._looked = 0, now
        batches = [await self._context.database.run(publish, now, self._seen)]
        while batches[-1].more:
            batches.append(await self._context.database.run(publish, self._context.now(), self._seen))
        self._seen = batches[0].last
        return batches
