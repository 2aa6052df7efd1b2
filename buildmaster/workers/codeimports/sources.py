"""What a job says is to be imported, read once and believed in nothing."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit, urlunsplit

KINDS = ("GIT", "SVN", "CVS", "HG", "BZR")
NAME = re.compile(r"[a-z0-9][a-z0-9+._-]{0,99}")
CVS_ROOT = re.compile(r"(:pserver:(?:[\w.-]+(?::[^\s@/]*)?@)?)([A-Za-z0-9][\w.-]*)(:(?:\d{1,5})?/[^\s:]*)")
CVS_MODULE = re.compile(r"[\w.+][\w.+/ -]*")
BY_PROXY = frozenset({"http", "https"})  # the proxy sees to where these go
SPOKEN = {
    "GIT": frozenset({"http", "https", "git", "file"}),
    "SVN": frozenset({"http", "https", "svn", "file"}),
    "HG": frozenset({"http", "https", "file"}),
    "BZR": frozenset({"http", "https", "bzr", "file"}),
    "CVS": frozenset({"pserver", "file"}),
}


class UnfitError(Exception):
    """What is to be imported is nothing that this worker imports."""


@dataclass(frozen=True)
class Source:
    """A repository elsewhere. ``pinned`` is its address with that of its host, looked up once, in place of a name."""

    name: str
    kind: str
    url: str
    module: str = ""
    pinned: str = ""

    @property
    def scheme(self) -> str:
        """The way to speak with it."""
        if self.kind == "CVS":
            return "pserver" if self.url.startswith(":pserver:") else "file"
        return urlsplit(self.url).scheme

    @property
    def host(self) -> str | None:
        """The host to look up, or None where the proxy does that, or there is none."""
        if self.scheme in BY_PROXY or self.scheme == "file":
            return None
        match = CVS_ROOT.fullmatch(self.url)
        return match[2] if match else urlsplit(self.url).hostname

    def at(self, address: str) -> "Source":
        """Return the source with its host at that address."""
        bracketed = f"[{address}]" if ":" in address else address
        match = CVS_ROOT.fullmatch(self.url)
        if match:
            return replace(self, pinned=f"{match[1]}{bracketed}{match[3]}")
        parts = urlsplit(self.url)
        place = bracketed if parts.port is None else f"{bracketed}:{parts.port}"
        return replace(self, pinned=urlunsplit(parts._replace(netloc=place)))


def source_of(job: Mapping[str, object], schemes: Iterable[str]) -> Source:
    """Return what the job's fields say; raise UnfitError when that is nothing that may be imported by ``schemes``."""
    name, kind, url, module = (str(job.get(field, "")) for field in ("name", "rcs_type", "url", "module"))
    if not NAME.fullmatch(name) or kind not in KINDS:
        raise UnfitError(f"{name!r} of kind {kind!r} is nothing to import")
    if not re.fullmatch(r"[!-~]+", url) or url.startswith("-"):
        raise UnfitError("the address has letters that no address has")
    _check_place(kind, url, module)
    source = Source(name, kind, url, module, url)
    if source.scheme not in SPOKEN[kind] & set(schemes):
        raise UnfitError(f"addresses of {source.scheme!r} are not allowed here")
    return source


def _check_place(kind: str, url: str, module: str) -> None:
    if kind == "CVS":
        if not CVS_MODULE.fullmatch(module) or ".." in module.split("/"):
            raise UnfitError("the module is none")
        if not CVS_ROOT.fullmatch(url) and not url.startswith("/"):
            raise UnfitError("the CVS root is none")
        return
    try:
        parts = urlsplit(url)
        bad = parts.username is not None or (parts.scheme != "file" and not parts.hostname) or parts.port == 0
    except ValueError:
        bad = True
    if bad or (parts.hostname or "").startswith("-"):
        raise UnfitError("the address is none")
