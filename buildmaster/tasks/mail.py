"""Hand a message to the mail host."""

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from io import BytesIO

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectError, ConnectionClosed, UserError
from twisted.internet.interfaces import IReactorTCP
from twisted.mail.smtp import SMTPError, SMTPSenderFactory
from twisted.python.failure import Failure

from buildmaster.model.tables.outbox import Message

PLAIN = SMTP.clone(cte_type="7bit", linesep="\n")  # a host need not take eight bits; the sender makes CRLF of LF
TIMEOUT = 60.0  # seconds that the host may take for an answer
UNDELIVERED = (SMTPError, ConnectError, ConnectionClosed, UserError)


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


def _answer(reason: str) -> Deferred[str | None]:
    done: Deferred[str | None] = Deferred()
    done.callback(reason)
    return done


def _reason(failure: Failure) -> str:
    failure.trap(*UNDELIVERED)
    return " ".join(failure.getErrorMessage().split()) or failure.type.__name__
