"""The contracts of the code import scheduler."""

from collections.abc import Awaitable

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface


class ICodeImportSchedulerApplication(Interface):
    """The scheduler of code imports, of which the site has one, as ``codeimportscheduler``."""

    policy = Attribute("The ImportPolicy that it follows.")

    def give_job(hostname: str) -> Deferred[int]:
        """Give the machine its next job; fire with the job's id, or 0; fail with NoSuchMachineError for a stranger."""


class ICodeImportScheduler(Interface):
    """What a machine that runs code imports asks."""

    def getJobForMachine(hostname: str) -> Awaitable[int]:
        """Fire with the id of the job that the machine is to run next, or 0; fault 210 for an unknown machine."""


class ICodeImportWorkers(Interface):
    """What a worker says of the job that it was given; fault 211 when that is not its running job (any more)."""

    def getImportDataForJob(job_id: int) -> Awaitable[dict[str, str]]:
        """Fire with what is to be imported: ``name``, ``rcs_type``, ``url`` and ``module``."""

    def updateHeartbeat(job_id: int, logtail: str) -> Awaitable[bool]:
        """Say that the job goes on; only the last 2048 bytes of the log are kept."""

    def finishJob(job_id: int, status_name: str, log: str) -> Awaitable[bool]:
        """Hand in the result: the name of an ImportResult, and the whole log, which may be sent as binary."""
