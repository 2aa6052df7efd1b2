"""Read who a request says that it is from, and ask for that."""

from hashlib import sha256

from twisted.web.http import UNAUTHORIZED
from twisted.web.server import Request

from buildmaster.web.answers import say

CHALLENGE = b'Basic realm="buildmaster", charset="UTF-8"'
BEARER = b"bearer "


def token_digest(request: Request) -> str | None:
    """Return the SHA-256 of the token of a request: its bearer, or the password of HTTP basic; None without one."""
    words = request.getHeader(b"Authorization") or b""
    token = words[len(BEARER) :].strip() if words[: len(BEARER)].lower() == BEARER else request.getPassword()
    return sha256(token).hexdigest() if token else None


def challenge(request: Request) -> None:
    """Ask for credentials, and tell nothing else."""
    request.setHeader(b"WWW-Authenticate", CHALLENGE)
    say(request, UNAUTHORIZED, "Credentials are needed for this.")
