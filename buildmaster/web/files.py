"""Serve the librarian's files to slaves, browsers and scripts: ``/files/<id>/<name>``.

A compressed log is kept as ``....txt.gz`` of type text/plain. Who accepts gzip as an encoding (a browser) is sent text
that is encoded so, and shows it; who doesn't (a slave, plain curl) is sent the gzip file that the name promises. The
bytes are the same.

A file of a private archive is challenged for whatever name comes after its id, before anything of it is told.
"""

import re
from collections.abc import Callable
from datetime import datetime
from hmac import compare_digest
from pathlib import Path
from typing import Any  # Any: what a thread's work returns

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.web.http import CACHED, NOT_FOUND
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request
from twisted.web.static import File

from buildmaster.farm.vocabulary.people import Role
from buildmaster.farm.vocabulary.references import parse_archive
from buildmaster.files.librarian import ILibrarian, NotKeptError
from buildmaster.model.register.permissions import person
from buildmaster.model.serving import ServedFile, served_file
from buildmaster.web.answers import answer_later, say
from buildmaster.web.credentials import challenge, token_digest
from buildmaster.work.database import Database

USER = b"buildd"
READERS = frozenset({Role.READER, Role.UPLOADER})
BIGGEST_ID = 2**31 - 1
PLAIN_RANGES = re.compile(rb"bytes=[0-9, -]{1,100}")
GZIP = re.compile(r"(?:x-)?gzip|\*")
REFUSED = re.compile(r"q=0(?:\.0*)?")

log = Logger()


class StoredFiles(Resource):
    """Everything below ``/files/``."""

    isLeaf = True

    def __init__(
        self,
        database: Database,
        librarian: ILibrarian,
        in_thread: Callable[..., Deferred[Any]],
        now: Callable[[], datetime],
    ) -> None:
        """``in_thread`` runs the librarian's calls off the reactor."""
        super().__init__()
        self._now = now
        self._database = database
        self._librarian = librarian
        self._in_thread = in_thread

    def render_GET(self, request: Request) -> int:
        """Send the file, or what there is to say instead."""
        return answer_later(request, self._answer(request))

    async def _answer(self, request: Request) -> None:
        file_id, name = address(request.postpath or [])
        file = await self._database.read(served_file, file_id)
        if file is not None and file.archive is not None and not await self._admitted(request, file):
            challenge(request)
        elif file is None or name != file.filename:
            say(request, NOT_FOUND, "There is no such file.")
        else:
            await self._send(request, file)

    async def _admitted(self, request: Request, file: ServedFile) -> bool:
        """Tell whether the request is from the archive's builders, or has a token of somebody who may read there."""
        if from_builder(request, file.secret or ""):
            return True
        digest, archive = token_digest(request), parse_archive(file.archive or "")
        if digest is None:
            return False
        reader = await self._database.read(person, digest, READERS, archive, self._now())
        return reader is not None and reader.allowed

    async def _send(self, request: Request, file: ServedFile) -> None:
        try:
            path = await self._in_thread(self._librarian.path, file.sha256)
        except NotKeptError as error:
            log.warn("{name} can't be served: {error}", name=file.filename, error=error)
            say(request, NOT_FOUND, "The content of this file is lost.")
        else:
            _stream(request, file, path)


def address(parts: list[bytes]) -> tuple[int, str]:
    """Return the id and the name that an address has below ``/files/``; id 0, which no file has, for nonsense."""
    if len(parts) != 2 or not parts[0].isdigit() or int(parts[0][:12]) > BIGGEST_ID:  # noqa: PLR2004
        return 0, ""
    return int(parts[0][:12]), parts[1].decode("utf-8", "replace")


def from_builder(request: Request, secret: str) -> bool:
    """Tell whether the request has the credentials of the archive's builders; how long that takes tells nothing."""
    user = compare_digest(request.getUser(), USER)
    return compare_digest(request.getPassword(), secret.encode()) and user and bool(secret)


def form_of(file: ServedFile, accepts: str) -> tuple[str, str | None]:
    """Return the type and the encoding that a file is sent as, to who accepts these encodings."""
    if file.mimetype == "text/plain" and file.filename.endswith(".gz"):
        return ("text/plain; charset=utf-8", "gzip") if _accepts_gzip(accepts) else ("application/gzip", None)
    return ("text/plain; charset=utf-8" if file.mimetype == "text/plain" else file.mimetype), None


def _accepts_gzip(accepts: str) -> bool:
    wishes = [wish.replace(" ", "").partition(";") for wish in accepts.lower().split(",")]
    return any(GZIP.fullmatch(coding) and not REFUSED.fullmatch(weight) for coding, _, weight in wishes)


def _stream(request: Request, file: ServedFile, path: Path) -> None:
    mimetype, encoding = form_of(file, request.getHeader("Accept-Encoding") or "")
    tag = f'"{file.sha256}{"-gzip" if encoding else ""}"'.encode()
    _describe(request, file)
    _drop_vain_ranges(request, tag)
    content = File(str(path))
    content.type, content.encoding = mimetype, encoding
    if request.setETag(tag) is CACHED or content.render_GET(request) is not NOT_DONE_YET:
        request.finish()


def _describe(request: Request, file: ServedFile) -> None:
    request.setHeader(b"X-Content-Type-Options", b"nosniff")
    request.setHeader(b"Content-Security-Policy", b"default-src 'none'; sandbox")
    request.setHeader(b"Vary", b"Accept-Encoding, Authorization" if file.archive else b"Accept-Encoding")
    request.setHeader(
        b"Cache-Control", b"private, no-cache" if file.archive else b"public, max-age=31536000, immutable"
    )


def _drop_vain_ranges(request: Request, tag: bytes) -> None:
    """Forget a range of another version of the file (RFC 9110, If-Range), and one that is not written plainly."""
    condition = request.getHeader(b"If-Range")
    wanted = request.getHeader(b"Range") or b""
    if (condition is not None and condition != tag) or not PLAIN_RANGES.fullmatch(wanted):
        request.requestHeaders.removeHeader(b"Range")
