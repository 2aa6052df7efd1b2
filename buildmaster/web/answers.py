"""Answer a request when the answer is there: the reactor waits for nothing."""

from collections.abc import Coroutine
from typing import Any  # Any: what a coroutine waits for is its own business

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import INTERNAL_SERVER_ERROR
from twisted.web.server import NOT_DONE_YET, Request

log = Logger()


def answer_later(request: Request, answer: Coroutine[Any, Any, None]) -> int:
    """Run the coroutine that answers and finishes the request, and give it up when the client does.

    What goes wrong in it is logged, and told the client without its reason.
    """
    answering = Deferred.fromCoroutine(answer)
    request.notifyFinish().addBoth(lambda _: answering.cancel())
    answering.addErrback(_apologize, request)
    return NOT_DONE_YET


def say(request: Request, code: int, text: str) -> None:
    """Finish the request with one sentence."""
    body = f"{text}\n".encode()
    request.setResponseCode(code)
    request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
    request.setHeader(b"X-Content-Type-Options", b"nosniff")
    request.setHeader(b"Content-Length", b"%d" % len(body))
    request.write(b"" if request.method == b"HEAD" else body)
    request.finish()


def _apologize(failure: Failure, request: Request) -> None:
    if failure.check(CancelledError):
        return
    log.failure("{method} {path} went wrong", failure=failure, method=request.method, path=request.path)
    if request.startedWriting:
        request.loseConnection()
    else:
        say(request, INTERNAL_SERVER_ERROR, "Something went wrong here; the log of the farm says what.")
