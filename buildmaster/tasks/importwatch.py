"""Take code import jobs from machines that fell silent."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from twisted.logger import Logger

from buildmaster.farm.codeimports.jobs import ImportPolicy
from buildmaster.model.codeimports.jobs import reclaim_silent


class ImportWatch:
    """Looks for running jobs without a heartbeat; each is due again at once. ``database`` is a Database."""

    name = "import_watch"
    log = Logger()

    def __init__(self, database: Any, now: Callable[[], datetime], policy: ImportPolicy) -> None:
        self._database = database
        self._now = now
        self._policy = policy

    async def run(self) -> None:
        """Reclaim what is to be reclaimed."""
        for job in await self._database.run(reclaim_silent, self._policy, self._now()):
            self.log.warn(
                "code import job {job} is taken from its machine, silent for {limit:g} s",
                job=job,
                limit=self._policy.silence_limit,
            )
