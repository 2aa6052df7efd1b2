"""Read the URL of a slave, and write the requests that go there."""

from base64 import b64encode
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True)
class Address:
    """Where a slave listens, and the part of each request that says so."""

    host: str
    port: int
    path: str
    headers: str

    @classmethod
    def of(cls, url: str) -> Self:
        """Read the URL of a builder; raise ValueError when it isn't one of HTTP."""
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError("only http://HOST:PORT/ is an address of a slave")
        name = parts.hostname.encode("idna").decode()  # what has no such form can't be looked up
        host = parts.netloc.rpartition("@")[2]
        headers = f"Host: {host}\r\nUser-Agent: buildmaster\r\n" + _authorization(parts.username, parts.password)
        return cls(name, parts.port or 80, parts.path.rstrip("/"), headers)

    def post(self, body: bytes) -> bytes:
        """Return the request that makes an XML-RPC call."""
        fields = f"{self.headers}Content-Type: text/xml\r\nContent-Length: {len(body)}\r\n"
        return f"POST {self.path}/rpc HTTP/1.1\r\n{fields}\r\n".encode() + body

    def get(self, name: str) -> bytes:
        """Return the request for a file; ``name`` is quoted already."""
        return f"GET {self.path}/filecache/{name} HTTP/1.1\r\n{self.headers}\r\n".encode()


def _authorization(user: str | None, password: str | None) -> str:
    if user is None:
        return ""
    pair = f"{unquote(user)}:{unquote(password or '')}"
    return f"Authorization: Basic {b64encode(pair.encode()).decode()}\r\n"
