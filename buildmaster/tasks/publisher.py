"""Publish what waits for it: sources and binaries whose files are in the librarian."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytz
from twisted.logger import Logger

from buildmaster.model.publishing.publications import Published, publish

ANEW = timedelta(seconds=10)  # after which sources are looked at again whose files were not there

log = Logger()


class Publisher:
    """The publisher's turn."""

    name = "publisher"

    def __init__(self, database: Any, now: Callable[[], datetime], nudge: Callable[[str], None]) -> None:
        """``database`` is a Database or an InlineDatabase."""
        self._database = database
        self._now = now
        self._nudge = nudge
        self._seen, self._looked = 0, datetime.min.replace(tzinfo=pytz.UTC)

    async def run(self) -> None:
        """Publish all that waits, a batch a transaction, and wake who may go on."""
        batches = await self._batches()
        sources, binaries = sum(batch.sources for batch in batches), sum(batch.binaries for batch in batches)
        if sources or binaries:
            log.info("{sources} source(s) and {binaries} binaries published", sources=sources, binaries=binaries)
        if sources or any(batch.waited_for for batch in batches):
            self._nudge("queue_builder")
        if sources:
            self._nudge("dispatcher")

    async def _batches(self) -> list[Published]:
        """Publish batches until no more waits.

        Sources that wait for their files may be very many, so what was seen is left alone for a while.
        """
        now = self._now()
        if now - self._looked >= ANEW:
            self._seen, self._looked = 0, now
        batches = [await self._database.run(publish, now, self._seen)]
        while batches[-1].more:
            batches.append(await self._database.run(publish, self._now(), self._seen))
        self._seen = batches[0].last
        return batches
