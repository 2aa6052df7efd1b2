"""Fetch files from archives outside, and check what comes. All of it blocks: call it in a thread."""

import gzip
import hashlib
import lzma
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import IO, BinaryIO, cast
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from buildmaster import __version__
from buildmaster.errors import BuildmasterError
from buildmaster.farm.text.redacting import without_credentials

CHUNK = 1 << 17  # bytes read at a time
TIMEOUT = 60.0  # seconds without a byte
SCHEMES = ("http://", "https://", "file://")
GZIP, XZ = b"\x1f\x8b", b"\xfd7zXZ\x00"


class FetchError(BuildmasterError):
    """The file could not be fetched."""


class AbsentError(FetchError):
    """There is no such file there."""


def fetch(url: str, to: Path, limit: int, sha256: str | None = None) -> str:
    """Write what is at ``url`` to a file, and return its SHA-256; raise FetchError with the reason where that fails.

    At most ``limit`` bytes are taken. Where ``sha256`` is given, nothing else is.
    """
    digest = hashlib.sha256()
    left = limit
    with opened(url) as source, to.open("wb") as file:
        for chunk in _chunks(source, url):
            left -= len(chunk)
            if left < 0:
                raise FetchError(f"{without_credentials(url)} has more than {limit} bytes")
            digest.update(chunk)
            file.write(chunk)
    if sha256 not in {None, digest.hexdigest()}:
        raise FetchError(f"{without_credentials(url)} has another SHA-256 than the index says")
    return digest.hexdigest()


def _chunks(source: BinaryIO, url: str) -> Iterator[bytes]:
    try:
        while chunk := source.read(CHUNK):
            yield chunk
    except OSError as error:
        raise FetchError(f"{without_credentials(url)}: {error}") from error


@contextmanager
def opened(url: str) -> Iterator[BinaryIO]:
    """Open what is at an address; raise FetchError where that fails, AbsentError where nothing is there."""
    if not url.startswith(SCHEMES):
        raise FetchError(f"{without_credentials(url)} can't be fetched: its scheme is none of {', '.join(SCHEMES)}")
    request = Request(url, headers={"User-Agent": f"buildmaster/{__version__}"})  # noqa: S310  # schemes are checked above
    try:
        answer = urlopen(request, timeout=TIMEOUT)  # noqa: S310  # likewise
    except (URLError, OSError) as error:
        raise _failure(url, error) from error
    with answer:
        yield answer


def _failure(url: str, error: OSError) -> FetchError:
    absent = isinstance(error, HTTPError) and error.code in {404, 410}
    absent |= isinstance(getattr(error, "reason", None), FileNotFoundError)
    return (AbsentError if absent else FetchError)(f"{without_credentials(url)}: {error}")


@contextmanager
def text_lines(source: IO[bytes]) -> Iterator[TextIOWrapper]:
    """Open a file of text for reading by lines, whether it is plain, .gz or .xz; what is in it decides."""
    start = source.read(len(XZ))
    source.seek(0)
    with TextIOWrapper(cast("BinaryIO", _plain(source, start)), encoding="utf-8", errors="replace") as lines:
        yield lines


def _plain(source: IO[bytes], start: bytes) -> object:
    if start.startswith(GZIP):
        return gzip.GzipFile(fileobj=source)
    return lzma.LZMAFile(source) if start == XZ else source
