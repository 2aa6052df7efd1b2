"""Show code imports, their results and the machines that run them as JSON, to whoever asks."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol  # Any: what is asked answers as it likes

from twisted.web.http import NOT_FOUND
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from buildmaster.model.listings.imports import list_imports, list_machines, list_results, show_import
from buildmaster.web.answers import answer_later, say
from buildmaster.web.codeimports.scheduler import CodeImportScheduler
from buildmaster.web.codeimports.xmlrpc import CodeImportSchedulerResource
from buildmaster.work.database import Database

Question = tuple[Callable[..., Any], tuple[object, ...]]


class SiteSettings(Protocol):
    """What the site needs to know of the conf file: machines' tokens by hostname, and how long a log may be."""

    @property
    def machine_tokens(self) -> Mapping[str, str]:
        """The tokens of machines, by their hostnames."""

    @property
    def log_size(self) -> int:
        """How many bytes a log may have."""


def import_resources(
    scheduler: CodeImportScheduler, settings: SiteSettings, database: Database, public_url: str
) -> dict[str, IResource]:
    """Return all that the site has of code imports, by its paths."""
    return {
        "api/1/code-imports": CodeImportsResource(database, public_url),
        "api/1/machines": MachinesResource(database),
        "codeimportscheduler": CodeImportSchedulerResource(scheduler, settings.machine_tokens, settings.log_size),
    }


class CodeImportsResource(Resource):
    """``/api/1/code-imports``: all; ``.../NAME``: one, with its events; ``.../NAME/results``: what its runs came to."""

    isLeaf = True

    def __init__(self, database: Database, public_url: str) -> None:
        super().__init__()
        self._database = database
        self._public_url = public_url

    def render_GET(self, request: Request) -> int:
        """Answer with what the path asks for."""
        return answer_later(request, answer(request, self._database, self._question(request)))

    def _question(self, request: Request) -> Question | None:
        match [part.decode("utf-8", "replace") for part in request.postpath or [] if part]:
            case []:
                return list_imports, ()
            case [name]:
                return show_import, (name,)
            case [name, "results"]:
                return list_results, (name, self._public_url)
        return None


class MachinesResource(Resource):
    """``/api/1/machines``: all machines that run code imports."""

    isLeaf = True

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    def render_GET(self, request: Request) -> int:
        """Answer with all of them."""
        question = None if any(request.postpath or []) else (list_machines, ())
        return answer_later(request, answer(request, self._database, question))


async def answer(request: Request, database: Database, question: Question | None) -> None:
    """Finish the request with what the question is answered with, or with 404 where there is nothing."""
    found = None if question is None else await database.read(question[0], *question[1])
    if found is None:
        say(request, NOT_FOUND, "There is no such thing.")
        return
    body = json.dumps(found, default=datetime.isoformat).encode()
    request.setHeader(b"Content-Type", b"application/json")
    request.setHeader(b"Content-Length", b"%d" % len(body))
    request.write(b"" if request.method == b"HEAD" else body)
    request.finish()
