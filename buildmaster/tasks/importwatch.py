"""Take code import jobs from machines that fell silent."""

from twisted.logger import Logger

from buildmaster.farm.codeimports.jobs import ImportPolicy
from buildmaster.model.codeimports.jobs import reclaim_silent
from buildmaster.work.taskcontext import TaskContext


class ImportWatch:
    """Looks for running jobs without a heartbeat; each is due again at once."""

    name = "import_watch"
    log = Logger()

    def __init__(self, context: TaskContext, policy: ImportPolicy) -> None:
        self._context = context
        self._policy = policy

    async def run(self) -> None:
        """Reclaim what is to be reclaimed."""
        for job in await self._context.database.run(reclaim_silent, self._policy, self._context.now()):
            self.log.warn(
                "code import job {job} is taken from its machine, silent for {limit:g} s",
                job=job,
                limit=self._policy.silence_limit,
            )
