"""Take in sources over HTTP: ``PUT /upload/<archive>/<suite>/<file name>``, as dput's http method does it.

The files of an upload come one by one and wait in a folder of their uploader; the .changes comes last and starts the
processing, whose end is the answer: accepted, or all the reasons against it.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO  # Any: what a thread's work returns

from twisted.internet.defer import Deferred
from twisted.web.http import BAD_REQUEST, CREATED, FORBIDDEN
from twisted.web.resource import Resource
from twisted.web.server import Request

from buildmaster.errors import BuildmasterError
from buildmaster.farm.vocabulary.filenames import is_safe
from buildmaster.farm.vocabulary.people import Role
from buildmaster.farm.vocabulary.references import ArchiveReference, SuiteReference, parse_archive, parse_suite
from buildmaster.files.layout import INCOMING
from buildmaster.files.packages import upload_of
from buildmaster.files.uploadfolders import open_leaf
from buildmaster.model.register.permissions import Person, person
from buildmaster.model.uploads.sources import Destination, Refused
from buildmaster.web.answers import answer_later, say
from buildmaster.web.credentials import challenge, token_digest
from buildmaster.work.database import Database
from buildmaster.work.sourceintake import SourceIntake

WOKEN = ("publisher", "queue_builder")
SHORTEST = 3  # parts of a path: archive, suite, file


@dataclass(frozen=True)
class Target:
    """Where a PUT goes, as its path says."""

    archive: ArchiveReference
    suite: SuiteReference
    filename: str


def target(parts: list[bytes]) -> Target | str:
    """Return what the path below ``/upload/`` means, or what is wrong with it."""
    try:
        words = [part.decode() for part in parts]
        if len(words) < SHORTEST or not is_safe(words[-1]):
            return "Upload to /upload/<archive>/<suite>/<file name>."
        return Target(parse_archive("/".join(words[:-2])), parse_suite(words[-2]), words[-1])
    except (UnicodeDecodeError, BuildmasterError) as error:
        return str(error)


class Uploads(Resource):
    """Everything below ``/upload/``. ``in_thread`` runs what blocks off the reactor."""

    isLeaf = True

    def __init__(
        self,
        root: Path,
        database: Database,
        intake: SourceIntake,
        in_thread: Callable[..., Deferred[Any]],
        now: Callable[[], datetime],
        nudge: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._root = root
        self._database = database
        self._intake = intake
        self._in_thread = in_thread
        self._now = now
        self._nudge = nudge

    def render_PUT(self, request: Request) -> int:
        """Keep a file, and process the upload whose .changes it is."""
        return answer_later(request, self._answer(request))

    async def _answer(self, request: Request) -> None:
        to = target(request.postpath or [])
        archive = to.archive if isinstance(to, Target) else None
        uploader = await self._uploader(token_digest(request), archive)
        if uploader is None:
            challenge(request)
        elif isinstance(to, str):
            say(request, BAD_REQUEST, to)
        elif not uploader.allowed:
            say(request, FORBIDDEN, f"{uploader.email} may not upload there.")
        else:
            await self._keep(request, to, uploader)

    async def _uploader(self, digest: str | None, archive: ArchiveReference | None) -> Person | None:
        if digest is None:
            return None
        return await self._database.read(person, digest, {Role.UPLOADER}, archive, self._now())

    async def _keep(self, request: Request, to: Target, uploader: Person) -> None:
        file = waiting_room(self._root, to, uploader) / to.filename
        await self._in_thread(save, request.content, file)
        if not to.filename.endswith(".changes"):
            say(request, CREATED, f"{to.filename} is here: the .changes comes last.")
            return
        leaf = await self._in_thread(gather, file, self._root, self._now())
        place = Destination(to.archive, to.suite, uploader.email, creator_id=uploader.account_id, named=True)
        verdict = await self._intake.take_leaf(self._root, leaf, place)
        if isinstance(verdict, Refused):
            say(request, BAD_REQUEST, "\n".join(verdict.reasons))
            return
        for job in WOKEN:
            self._nudge(job)
        say(request, CREATED, f"Accepted {verdict.name} {verdict.version} in {verdict.archive}, {verdict.suite}.")


def waiting_room(root: Path, to: Target, uploader: Person) -> Path:
    """Return the folder where the files of this uploader for this place wait for their .changes."""
    place = sha256(f"{to.archive} {to.suite}".encode()).hexdigest()[:16]
    return root / INCOMING / f".put-{uploader.account_id}-{place}"


def save(content: BinaryIO, path: Path) -> None:
    """Write a body into its file; what was there under the name is replaced when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{sha256(path.name.encode()).hexdigest()[:16]}.part")
    content.seek(0)
    with part.open("wb") as file:
        shutil.copyfileobj(content, file)
    part.rename(path)


def gather(changes: Path, root: Path, now: datetime) -> Path:
    """Move an upload's files out of the waiting room, into a leaf of its own; return that."""
    leaf = open_leaf(root, now, changes.name)
    for name in upload_of(changes):
        (changes.parent / name).rename(leaf / name)
    return leaf
