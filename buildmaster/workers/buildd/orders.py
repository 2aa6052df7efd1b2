"""What a master orders from this slave, and what comes of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

SAFE_COOKIE = re.compile(r"[A-Za-z0-9_-]{1,100}")
SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.~_:-]{0,254}")
SAFE_SHA1 = re.compile(r"[0-9a-f]{40}")
SAFE_TAG = re.compile(r"[a-z0-9][a-z0-9-]*")
NEEDED_ARGS = ("series", "suite", "ogrecomponent", "distribution")
NO_AUTOMATIC_DEBUG_PACKAGES = "noautodbgsym"


class RefusedError(Exception):
    """What was asked can't be done in this state, or not with these words."""


class Verdict(Enum):
    """How a build ended, in the words of the protocol."""

    OK = "BuildStatus.OK"
    PACKAGEFAIL = "BuildStatus.PACKAGEFAIL"
    DEPFAIL = "BuildStatus.DEPFAIL"
    CHROOTFAIL = "BuildStatus.CHROOTFAIL"
    BUILDERFAIL = "BuildStatus.BUILDERFAIL"
    GIVENBACK = "BuildStatus.GIVENBACK"
    ABORTED = "BuildStatus.ABORTED"


@dataclass(frozen=True)
class Outcome:
    """The end of a build: the verdict, the files to hand over, and what was missing (Debian syntax)."""

    verdict: Verdict
    files: tuple[Path, ...] = ()
    dependencies: str = ""


@dataclass(frozen=True)
class Order:
    """One build as the master wants it.

    ``folder`` is the build's own; the source's files lie in it. ``chroot`` is the tarball that the master named.
    """

    cookie: str
    folder: Path
    dsc: str
    chroot: Path
    suite: str
    tag: str
    indep: bool = False
    debug_symbols: bool = False
    archives: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()

    @property
    def changes(self) -> Path:
        """The .changes file that a build of this source leaves beside it."""
        return self.folder / f"{self.dsc.removesuffix('.dsc')}_{self.tag}.changes"

    @property
    def build_options(self) -> str:
        """The value of DEB_BUILD_OPTIONS."""
        return "" if self.debug_symbols else NO_AUTOMATIC_DEBUG_PACKAGES


def check_cookie(cookie: object) -> str:
    """Return the cookie, which becomes a folder's name; raise RefusedError for one that could be anything else."""
    if not isinstance(cookie, str) or not SAFE_COOKIE.fullmatch(cookie):
        raise RefusedError(f"not a build id: {cookie!r}")
    return cookie


def read_order(
    folder: Path, cookie: str, chroot: Path, names: Sequence[str], args: Mapping[str, object], tag: str
) -> Order:
    """Return the order for the files called ``names``; raise RefusedError with all that is wrong in it."""
    wrong = [f"argument missing: {key}" for key in NEEDED_ARGS if key not in args]
    wrong += [f"not a file name: {name!r}" for name in names if not SAFE_NAME.fullmatch(name)]
    tag = str(args.get("arch_tag") or tag)
    wrong += [f"not an architecture: {tag!r}"] * (not SAFE_TAG.fullmatch(tag))
    dscs = [name for name in names if name.endswith(".dsc")]
    wrong += [f"{len(dscs)} .dsc files, not one"] * (len(dscs) != 1)
    if wrong:
        raise RefusedError("; ".join(wrong))
    return Order(
        cookie=cookie,
        folder=folder,
        dsc=dscs[0],
        chroot=chroot,
        suite=str(args["suite"]),
        tag=tag,
        indep=bool(args.get("arch_indep")),
        debug_symbols=bool(args.get("build_debug_symbols")),
        archives=_lines(args.get("archives")),
        keys=_lines(args.get("trusted_keys")),
    )


def _lines(value: object) -> tuple[str, ...]:
    return tuple(str(line) for line in value) if isinstance(value, list) else ()
