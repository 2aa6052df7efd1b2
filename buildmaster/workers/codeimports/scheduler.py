"""Speak with the scheduler at the master. All calls block: make them in threads."""

from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any  # Any: what a call over XML-RPC answers
from xml.parsers.expat import ExpatError
from xmlrpc.client import Binary, Fault, ProtocolError, ServerProxy, Transport

NO_SUCH_JOB = 211
TOO_LONG = 413
ANSWER_LIMIT = 60.0  # seconds


class UnreachableError(Exception):
    """The scheduler gave no answer."""


class JobGoneError(Exception):
    """The job is no longer ours."""


class RefusedError(Exception):
    """The scheduler refuses what we ask."""


class TooLongError(Exception):
    """The scheduler takes no request as long as that."""


class PatientTransport(Transport):
    """A transport that waits for an answer, but not forever."""

    def __init__(self, secure: bool) -> None:
        super().__init__()
        self._secure = secure

    def make_connection(self, host: Any) -> HTTPConnection:  # Any: as the standard library has it
        """Return a new connection."""
        name, self._extra_headers, _x509 = self.get_host_info(host)
        return (HTTPSConnection if self._secure else HTTPConnection)(name, timeout=ANSWER_LIMIT)


class Scheduler:
    """The scheduler at ``url``, of which the password may be this machine's token."""

    def __init__(self, url: str, hostname: str) -> None:
        self._url = url
        self._hostname = hostname

    def job(self) -> int:
        """Return the id of the job to run next, or 0."""
        job_id: int = self._ask("getJobForMachine", self._hostname)
        return job_id

    def source(self, job_id: int) -> dict[str, object]:
        """Return what a job is to import."""
        fields: dict[str, object] = self._ask("getImportDataForJob", job_id)
        return fields

    def beat(self, job_id: int, tail: bytes) -> None:
        """Say that a job goes on; raise JobGoneError when it is no longer ours."""
        self._ask("updateHeartbeat", job_id, Binary(tail))

    def finish(self, job_id: int, status: str, log: bytes) -> None:
        """Hand in a result; raise JobGoneError when the job is no longer ours, TooLongError for the log."""
        self._ask("finishJob", job_id, status, Binary(log))

    def _ask(self, method: str, *args: object) -> Any:
        """Return the answer: a proxy each, since calls come from several threads."""
        transport = PatientTransport(self._url.startswith("https:"))
        try:
            with ServerProxy(self._url, transport=transport) as proxy:
                return getattr(proxy, method)(*args)
        except Fault as fault:
            raise (JobGoneError if fault.faultCode == NO_SUCH_JOB else RefusedError)(fault.faultString) from fault
        except ProtocolError as error:
            refusal = TooLongError if error.errcode == TOO_LONG else RefusedError
            raise refusal(f"HTTP {error.errcode}") from error
        except (OSError, HTTPException, ExpatError) as error:
            raise UnreachableError(f"no answer from the scheduler: {error!r}") from error
