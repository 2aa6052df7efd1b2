"""What can be imported: names, and the addresses of repositories elsewhere."""

import re
from urllib.parse import SplitResult, urlsplit

from buildmaster.farm.codeimports.jobs import ImportRefusedError, NewImport
from buildmaster.farm.codeimports.states import RcsType

NAME = re.compile(r"[a-z0-9][a-z0-9+._-]{0,99}")
SCHEMES = {
    RcsType.GIT: ("https", "http", "git", "file"),
    RcsType.SVN: ("https", "http", "svn", "file"),
    RcsType.HG: ("https", "http", "file"),
    RcsType.BZR: ("https", "http", "bzr", "file"),
}
CVS_ROOT = re.compile(r"(?::pserver:(?:[\w.-]+(?::[^\s@/]*)?@)?[A-Za-z0-9][\w.-]*:(?:\d{1,5})?)?/[^\s:]*")
CVS_MODULE = re.compile(r"[\w.+][\w.+/ -]*")


def check_source(new: NewImport) -> None:
    """Raise ImportRefusedError, with what is wrong, unless this can be imported; a worker may refuse more."""
    if not NAME.fullmatch(new.name):
        raise ImportRefusedError(f"{new.name!r} is no name: small letters, digits and + . _ - after the first")
    if new.rcs_type is RcsType.CVS:
        _check_cvs(new.url, new.module)
    else:
        _check_url(new.url, SCHEMES[new.rcs_type])


def _check_cvs(root: str, module: str) -> None:
    if not CVS_ROOT.fullmatch(root):
        raise ImportRefusedError(f"{root!r} is no CVS root as :pserver:USER@HOST:/PATH")
    if not CVS_MODULE.fullmatch(module) or ".." in module.split("/"):
        raise ImportRefusedError(f"{module!r} is no CVS module")


def _check_url(url: str, schemes: tuple[str, ...]) -> None:
    parts = _split(url)
    if parts is None or parts.scheme not in schemes:
        raise ImportRefusedError(f"{url!r} is no address that begins with {', '.join(schemes)}")
    if parts.username is not None:
        raise ImportRefusedError("credentials have no place in an address that others read")
    if parts.scheme != "file" and not re.fullmatch(r"[A-Za-z0-9\[][\w.:\]-]*", parts.hostname or ""):
        raise ImportRefusedError(f"{url!r} names no host")


def _split(url: str) -> SplitResult | None:
    """Return the parts of a URL that is printable ASCII without spaces; None for anything else."""
    if not re.fullmatch(r"[!-~]+", url):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts
