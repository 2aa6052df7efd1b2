"""Speak XML-RPC with the machines that run code imports, at ``/codeimportscheduler``.

The methods are those of a table: nothing that is sent becomes the name of anything. What is sent is checked here, once,
and then is values. Where machine tokens are configured, each request must show one, as the password of HTTP basic or as
a bearer token, and a machine speaks for itself only.
"""

import re
from base64 import b64decode
from binascii import Error as NotBase64Error
from collections.abc import Awaitable, Callable, Mapping
from hmac import compare_digest
from typing import Any  # Any: the parameters of a call, which are checked by its kinds
from xml.parsers.expat import ExpatError
from xmlrpc.client import Binary, Error, Fault, dumps, loads

from twisted.web.http import REQUEST_ENTITY_TOO_LARGE, UNAUTHORIZED
from twisted.web.resource import Resource
from twisted.web.server import Request
from zope.interface import implementer

from buildmaster.farm.codeimports.jobs import NoSuchMachineError, RunningJob
from buildmaster.farm.codeimports.states import ImportResult
from buildmaster.web.answers import answer_later, say
from buildmaster.web.codeimports.contracts import ICodeImportScheduler, ICodeImportWorkers
from buildmaster.web.codeimports.scheduler import CodeImportScheduler

NOT_XMLRPC, NO_METHOD, BAD_PARAMETERS = -32700, -32601, -32602  # as others number them (xmlrpc-epi)
HOSTNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}")
BIGGEST_ID = 2**31 - 1
WORKERS_RESULTS = {result.name: result for result in ImportResult if result is not ImportResult.RECLAIMED}
DECLARATIONS = (b"<!", b"\0")  # a document type, or letters wide enough to hide one: neither is of XML-RPC
FRAME = 65536  # bytes that may stand around a log


class NoSuchCodeImportMachine(Fault):
    """A machine asks for work that nobody registered."""

    def __init__(self, hostname: str) -> None:
        super().__init__(210, f"No such code import machine: {hostname}")


class NoSuchCodeImportJob(Fault):
    """The job is not run by that machine, or no longer."""

    def __init__(self, job_id: int) -> None:
        super().__init__(211, f"No such running code import job: {job_id}")


class WrongMachine(Fault):
    """The token is another machine's."""

    def __init__(self, hostname: str) -> None:
        super().__init__(212, f"The token is not that of {hostname}")


@implementer(ICodeImportScheduler, ICodeImportWorkers)
class CodeImportSchedulerAPI:
    """The scheduler as one caller sees it; ``caller`` is the machine whose token was shown, None without tokens."""

    def __init__(self, scheduler: CodeImportScheduler, caller: str | None = None) -> None:
        self._scheduler = scheduler
        self._caller = caller

    async def getJobForMachine(self, hostname: str) -> int:
        """Return the id of the job that the machine is to run next, or 0."""
        if self._caller not in {None, hostname}:
            raise WrongMachine(hostname)
        if not HOSTNAME.fullmatch(hostname):
            raise NoSuchCodeImportMachine(hostname)
        try:
            return await self._scheduler.give_job(hostname)
        except NoSuchMachineError as error:
            raise NoSuchCodeImportMachine(hostname) from error

    async def getImportDataForJob(self, job_id: int) -> dict[str, str]:
        """Return what is to be imported."""
        found = await self._scheduler.import_of(self._run(job_id))
        if found is None:
            raise NoSuchCodeImportJob(job_id)
        return {"name": found.name, "rcs_type": found.rcs_type.name, "url": found.url, "module": found.module}

    async def updateHeartbeat(self, job_id: int, logtail: str | Binary) -> bool:
        """Note that the job goes on."""
        alive = await self._scheduler.keep_alive(self._run(job_id), octets(logtail).decode(errors="replace"))
        return self._done(job_id, alive)

    async def finishJob(self, job_id: int, status_name: str, log: str | Binary) -> bool:
        """Take in the result of a job."""
        if status_name not in WORKERS_RESULTS:
            raise Fault(BAD_PARAMETERS, f"{status_name[:40]!r} is none of {', '.join(WORKERS_RESULTS)}")
        finished = await self._scheduler.finish(self._run(job_id), WORKERS_RESULTS[status_name], octets(log))
        return self._done(job_id, finished)

    def _run(self, job_id: int) -> RunningJob:
        if not 0 < job_id <= BIGGEST_ID:
            raise NoSuchCodeImportJob(job_id)
        return RunningJob(job_id, self._caller)

    def _done(self, job_id: int, done: bool) -> bool:
        if not done:
            raise NoSuchCodeImportJob(job_id)
        return True


def octets(text: str | Binary) -> bytes:
    """Return what was sent as a string or as binary."""
    return text.encode(errors="replace") if isinstance(text, str) else text.data


API = CodeImportSchedulerAPI
Answer = int | dict[str, str]
TEXT = (str, Binary)
CALLS: Mapping[str, tuple[Callable[..., Awaitable[Answer]], tuple[Any, ...]]] = {
    "getJobForMachine": (API.getJobForMachine, (str,)),
    "getImportDataForJob": (API.getImportDataForJob, (int,)),
    "updateHeartbeat": (API.updateHeartbeat, (int, TEXT)),
    "finishJob": (API.finishJob, (int, str, TEXT)),
}


class CodeImportSchedulerResource(Resource):
    """The scheduler on the site. ``tokens`` are machines' by their hostnames; ``log_size`` is in bytes."""

    isLeaf = True

    def __init__(self, scheduler: CodeImportScheduler, tokens: Mapping[str, str], log_size: int) -> None:
        super().__init__()
        self.scheduler = scheduler
        self._tokens = tokens
        self._limit = 2 * log_size + FRAME

    def render_POST(self, request: Request) -> int:
        """Answer a call, of a machine that may make it."""
        return answer_later(request, self._respond(request))

    async def _respond(self, request: Request) -> None:
        caller = shown_by(request, self._tokens)
        body = b"" if request.content is None else request.content.read(self._limit + 1)
        if self._tokens and caller is None:
            request.setHeader(b"WWW-Authenticate", b'Basic realm="buildmaster"')
            say(request, UNAUTHORIZED, "A machine's token is needed for this.")
        elif len(body) > self._limit:
            say(request, REQUEST_ENTITY_TOO_LARGE, "That is too much.")
        else:
            send(request, await self._outcome(body, CodeImportSchedulerAPI(self.scheduler, caller)))

    async def _outcome(self, body: bytes, api: CodeImportSchedulerAPI) -> tuple[Answer] | Fault:
        """Return what the call in ``body`` comes to: a value, as a response has it, or a fault."""
        try:
            name, args = parsed(body)
            return (await chosen(name, args)(api, *args),)
        except Fault as fault:
            return fault


def send(request: Request, outcome: tuple[Answer] | Fault) -> None:
    """Finish the request with an XML-RPC response."""
    body = dumps(outcome, methodresponse=True).encode()
    request.setHeader(b"Content-Type", b"text/xml; charset=utf-8")
    request.setHeader(b"Content-Length", b"%d" % len(body))
    request.write(body)
    request.finish()


def parsed(body: bytes) -> tuple[str, tuple[object, ...]]:
    """Return the name and the parameters of a call; raise Fault for what is none."""
    if any(declaration in body for declaration in DECLARATIONS):
        raise Fault(NOT_XMLRPC, "XML-RPC has no declarations")
    try:
        args, name = loads(body)
    except (ExpatError, Error, ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
        raise Fault(NOT_XMLRPC, "this is no call of XML-RPC") from error
    return name or "", args


def chosen(name: str, args: tuple[object, ...]) -> Callable[..., Awaitable[Answer]]:
    """Return the method of the table that takes these parameters; raise Fault where there is none."""
    if name not in CALLS:
        raise Fault(NO_METHOD, f"no method {name[:40]!r}")
    method, kinds = CALLS[name]
    if not fits(args, kinds):
        raise Fault(BAD_PARAMETERS, f"these are not the parameters of {name}")
    return method


def fits(args: tuple[object, ...], kinds: tuple[Any, ...]) -> bool:
    """Tell whether each parameter is of its kind; a boolean is no number."""
    if len(args) != len(kinds):
        return False
    return all(isinstance(arg, kind) and not isinstance(arg, bool) for arg, kind in zip(args, kinds, strict=True))


def shown_by(request: Request, tokens: Mapping[str, str]) -> str | None:
    """Return the machine whose token the request shows; how long that takes tells nothing of the others."""
    kind, _, shown = (request.getHeader("Authorization") or "").partition(" ")
    secret = {"bearer": shown.strip(), "basic": _password(shown)}.get(kind.lower(), "")
    matching = [host for host, token in tokens.items() if compare_digest(token.encode(), secret.encode())]
    return matching[0] if matching else None


def _password(shown: str) -> str:
    try:
        return b64decode(shown, validate=True).decode("utf-8", "replace").partition(":")[2]
    except NotBase64Error:
        return ""
