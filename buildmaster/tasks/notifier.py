"""Send the outbox to the mail host."""

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from io import BytesIO

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectError, ConnectionClosed, UserError
from twisted.internet.interfaces import IReactorTCP
from twisted.logger import Logger
from twisted.mail.smtp import SMTPError, SMTPSenderFactory
from twisted.python.failure import Failure

from buildmaster.model.tables.outbox import Message, due_messages, mark_refused, mark_sent
from buildmaster.work.taskcontext import TaskContext

BATCH = 100  # messages in a turn
PATIENCE = 3  # failures in a row after which the host is taken for dead until the next turn


def compose(message: Message, fromaddress: str, now: datetime) -> bytes:
    """Return the message as it goes over the wire; its id is the same at every try."""
    headers = dict(message.headers)
    mail = EmailMessage(policy=PLAIN)
    mail["From"] = formataddr((headers.pop("From", "Build master"), fromaddress))
    mail["To"] = message.recipient
    mail["Subject"] = message.subject
    for name, value in headers.items():
        mail[name] = " ".join(value.split())
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{message.id}.buildmaster.{fromaddress}>"
    mail.set_content(message.body)
    return mail.as_bytes()


class MailHost:
    """The host that takes our mail, and the address that it is from."""

    def __init__(self, reactor: IReactorTCP, host: str, port: int, fromaddress: str) -> None:
        self._reactor = reactor
        self._host = host
        self._port = port
        self._fromaddress = fromaddress

    def send(self, message: Message, now: datetime) -> Deferred[str | None]:
        """Fire with None when the host took the message, or else with the reason why it did not."""
        try:
            text = compose(message, self._fromaddress, now)
        except ValueError as error:
            return _answer(str(error))
        done: Deferred[object] = Deferred()
        factory = SMTPSenderFactory(
            self._fromaddress, message.recipient, BytesIO(text), done, retries=0, timeout=TIMEOUT
        )
        self._reactor.connectTCP(self._host, self._port, factory)
        return done.addCallbacks(lambda _: None, _reason)


class Notifier:
    """Sends what is due, one message after another. Without a mail host, which needs an address, all stay."""

    name = "notifier"
    log = Logger()

    def __init__(self, context: TaskContext, host: MailHost | None) -> None:
        self._context = context
        self._host = host

    async def run(self) -> None:
        """Send a batch; stop early when the host seems dead."""
        if self._host is None:
            return
        failures = 0
        for message in await self._context.database.read(due_messages, self._context.now(), BATCH):
            failures = 0 if await self._send(self._host, message) else failures + 1
            if failures == PATIENCE:
                return

    async def _send(self, host: MailHost, message: Message) -> bool:
        reason = await host.send(message, self._context.now())
        if reason is None:
            await self._context.database.run(mark_sent, self._context.now(), message.id)
            return True
        self.log.warn("the mail to {recipient} was not sent: {reason}", recipient=message.recipient, reason=reason)
        await self._context.database.run(mark_refused, self._context.now(), message.id, reason)
        return False


PLAIN = SMTP.clone(cte_type="7bit", linesep="\n")  # a host need not take eight bits; the sender makes CRLF of LF


TIMEOUT = 60.0  # seconds that the host may take for an answer


UNDELIVERED = (SMTPError, ConnectError, ConnectionClosed, UserError)


def _answer(reason: str) -> Deferred[str | None]:
    done: Deferred[str | None] = Deferred()
    done.callback(reason)
    return done


def _reason(failure: Failure) -> str:
    failure.trap(*UNDELIVERED)
    return " ".join(failure.getErrorMessage().split()) or failure.type.__name__
