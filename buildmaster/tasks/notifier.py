"""Send the outbox."""

from collections.abc import Callable
from datetime import datetime

from twisted.logger import Logger

from buildmaster.model.tables.outbox import Message, due_messages, mark_refused, mark_sent
from buildmaster.tasks.mail import MailHost
from buildmaster.work.database import Database

BATCH = 100  # messages in a turn
PATIENCE = 3  # failures in a row after which the host is taken for dead until the next turn


class Notifier:
    """Sends what is due, one message after another. Without a mail host, which needs an address, all stay."""

    name = "notifier"
    log = Logger()

    def __init__(self, database: Database, host: MailHost | None, now: Callable[[], datetime]) -> None:
        self._database = database
        self._host = host
        self._now = now

    async def run(self) -> None:
        """Send a batch; stop early when the host seems dead."""
        if self._host is None:
            return
        failures = 0
        for message in await self._database.read(due_messages, self._now(), BATCH):
            failures = 0 if await self._send(self._host, message) else failures + 1
            if failures == PATIENCE:
                return

    async def _send(self, host: MailHost, message: Message) -> bool:
        reason = await host.send(message, self._now())
        if reason is None:
            await self._database.run(mark_sent, self._now(), message.id)
            return True
        self.log.warn("the mail to {recipient} was not sent: {reason}", recipient=message.recipient, reason=reason)
        await self._database.run(mark_refused, self._now(), message.id, reason)
        return False
