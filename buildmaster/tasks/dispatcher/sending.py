"""Give a build to a slave: make it fetch the chroot and the sources, then tell it to build.

``build()`` on a slave that is not idle spoils that slave's job, and a reply that was lost says nothing. So: IDLE right
before, and after any reply but the expected one nothing is believed but ``status()``.
"""

from datetime import timedelta

from buildmaster.farm.builders.replies import BuildReply, Present, Silence, SlaveStatus
from buildmaster.farm.builders.states import BuilderStatus
from buildmaster.model.builders.attempts import accept, wanted
from buildmaster.model.dispatch.slaveorders import Order, SlaveFile
from buildmaster.slave.client import ISlave
from buildmaster.work.taskcontext import TaskContext

FRESH = timedelta(seconds=1)  # a younger claim is not looked at again: if it was cancelled, the scanner ends it
AFTERWARDS = 0.02  # seconds that it may take until it is noted that a build was taken
KINDS = ("binarypackage", "debian")  # what slaves call a build of binary packages, today's word first
BUILDING, UNKNOWN_SUM, UNKNOWN_BUILDER = (
    f"BuilderStatus.{word}" for word in ("BUILDING", "UNKNOWNSUM", "UNKNOWNBUILDER")
)


class DispatchFailedError(Exception):
    """The build could not be given to the slave, which surely does not have it; the message says why."""


class UnsuitableSlaveError(DispatchFailedError):
    """The slave can't build this at all: no other build should be given to it either."""


class NotWantedError(Exception):
    """The build was cancelled before the slave was told of it; the scanner ends it."""


class Preparer:
    """Gives orders to slaves."""

    def __init__(self, context: TaskContext) -> None:
        self._context = context

    async def prepare(self, slave: ISlave, order: Order) -> bool:
        """Make the slave build; tell whether it has taken the build for certain.

        Raise DispatchFailedError where it certainly has not, NotWantedError where the build was cancelled meanwhile.
        Where nobody knows, it is noted as taken, and the scanner will find out.
        """
        await self._send_files(slave, order)
        long_ago = self._context.now() - order.claimed > FRESH
        if long_ago and not await self._context.database.read(wanted, order.attempt_id):
            raise NotWantedError(f"{order.title} is wanted no more")
        reply = await self._build(slave, order)
        if isinstance(reply, BuildReply) and reply.status == UNKNOWN_SUM:
            await self._send_files(slave, order)
            reply = await self._build(slave, order)
        taken = await self._judge(slave, order, reply)
        await self._context.database.join(accept, (order.attempt_id, self._context.now()), AFTERWARDS)
        return taken

    async def _send_files(self, slave: ISlave, order: Order) -> None:
        """Make the slave fetch the files, one after another: its ``ensurepresent`` holds up all else that it does."""
        for file in (order.chroot, *order.files):
            reply = await slave.ensurepresent(file.sha1, file.url, file.username, file.password)
            if reply != Present(present=True, detail=getattr(reply, "detail", "")):
                raise DispatchFailedError(_not_present(order, file, reply))

    async def _build(self, slave: ISlave, order: Order) -> BuildReply | Silence:
        word = await slave.status()
        if not isinstance(word, SlaveStatus) or word.status is not BuilderStatus.IDLE:
            raise DispatchFailedError(f"Slave {order.builder.name!r} is not idle right before the build: {_said(word)}")
        kind = next((kind for kind in KINDS if kind in order.builder.kinds), KINDS[0])
        return await slave.build(order.cookie, kind, order.chroot.sha1, order.filemap, order.args)

    async def _judge(self, slave: ISlave, order: Order, reply: BuildReply | Silence) -> bool:
        if isinstance(reply, BuildReply):
            if reply.status == BUILDING:
                return True
            if reply.status == UNKNOWN_BUILDER:
                raise UnsuitableSlaveError(f"Slave {order.builder.name!r} can't build binary packages: {reply.detail}")
        return await self._ask(slave, order, reply)

    async def _ask(self, slave: ISlave, order: Order, reply: BuildReply | Silence) -> bool:
        """Ask whether the build was taken, after a reply that doesn't tell."""
        word = await slave.status()
        if not isinstance(word, SlaveStatus):
            return False
        if word.status is BuilderStatus.IDLE:
            raise DispatchFailedError(f"Slave {order.builder.name!r} did not take the build: {_said(reply)}")
        return word.cookie == order.cookie and word.status is BuilderStatus.BUILDING


def _not_present(order: Order, file: SlaveFile, reply: Present | Silence) -> str:
    why = reply.reason if isinstance(reply, Silence) else reply.detail
    return (
        f"Slave {order.builder.name!r} ({order.builder.url}) was unable to fetch file {file.name} ({file.url}): {why}"
    )


def _said(word: SlaveStatus | BuildReply | Silence) -> str:
    if isinstance(word, Silence):
        return word.reason
    if isinstance(word, BuildReply):
        return f"{word.status}: {word.detail}"
    return f"{word.status.value} {word.cookie or ''}".strip()
