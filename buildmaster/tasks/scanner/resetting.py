"""Reset the virtual machine of an untrusted builder: run the operator's command, then wait for an echo."""

import shlex
from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred

from buildmaster.errors import BuildmasterError
from buildmaster.farm.builders.facts import BuilderFacts
from buildmaster.farm.builders.replies import Silence
from buildmaster.slave.client import ISlave
from buildmaster.work.child import ProcessFailedError

ECHO = "Test"
Run = Callable[[Sequence[str]], Deferred[tuple[str, str]]]


class CannotResumeHostError(BuildmasterError):
    """The builder's virtual machine could not be reset."""


class Resetter:
    """Runs ``command``, in which ``%(vm_host)s`` is the builder's host.

    ``run`` runs an argument list, within a limit of time and output, as ``child`` does.
    """

    def __init__(self, command: str, run: Run) -> None:
        self._command = command
        self._run = run

    async def reset(self, builder: BuilderFacts, slave: ISlave) -> None:
        """Reset the builder; raise CannotResumeHostError, with what the command printed, where that fails."""
        try:
            await self._run(self._argv(builder))
        except ProcessFailedError as error:
            raise CannotResumeHostError(f"Resuming failed:\nOUT:\n{error.output}\nERR:\n{error.errors}\n") from error
        except OSError as error:
            raise CannotResumeHostError(f"Resuming failed: {error}") from error
        echoed = await slave.echo(ECHO)
        if isinstance(echoed, Silence):
            raise CannotResumeHostError(f"no echo after the reset: {echoed.reason}")

    def _argv(self, builder: BuilderFacts) -> Sequence[str]:
        if not builder.vm_host:
            raise CannotResumeHostError("Undefined vm_host.")
        if not self._command:
            raise CannotResumeHostError("Resuming failed: vm_resume_command is empty in [slaves] of the conf file")
        return [word % {"vm_host": builder.vm_host} for word in shlex.split(self._command)]
