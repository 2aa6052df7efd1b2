"""Publish what waits for it: sources and binaries whose files are in the librarian."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from twisted.logger import Logger

from buildmaster.model.publishing import publish_binaries, publish_sources

WOKEN = ("queue_builder", "dispatcher")  # who may go on when something is published

log = Logger()


class Publisher:
    """The publisher's turn."""

    name = "publisher"

    def __init__(self, database: Any, now: Callable[[], datetime], nudge: Callable[[str], None]) -> None:
        """``database`` is a Database or an InlineDatabase."""
        self._database = database
        self._now = now
        self._nudge = nudge

    async def run(self) -> None:
        """Publish all that waits, a batch a transaction."""
        sources = await self._all(publish_sources)
        binaries = await self._all(publish_binaries)
        if sources or binaries:
            log.info("{sources} source(s) and {binaries} binaries published", sources=sources, binaries=binaries)
            for job in WOKEN:
                self._nudge(job)

    async def _all(self, publish: Callable[..., int]) -> int:
        """Publish batches until nothing waits; return how many publications that were."""
        total = 0
        while count := await self._database.run(publish, self._now()):
            total += count
        return total
