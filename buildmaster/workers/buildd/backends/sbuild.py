"""Build with sbuild, in the chroot that the master sends: the real thing, without root and without schroot."""

import pwd
import re
import shlex
import stat
import sys
from base64 import b64decode
from binascii import Error as Base64Error
from pathlib import Path

from buildmaster.workers.buildd.backends import rerooting
from buildmaster.workers.buildd.backends.host import NOT_THE_PACKAGE
from buildmaster.workers.buildd.changes import gather
from buildmaster.workers.buildd.orders import Order, Outcome, Verdict
from buildmaster.workers.buildd.workbench import ENVIRONMENT, Ended, Workbench

PROGRAMS = {"sbuild": "sbuild", "newuidmap": "uidmap", "ip": "iproute2", "zstd": "zstd"}
ARMORED = b"-----BEGIN"
STAGE = re.compile(rb"^Fail-Stage: (\S+)", re.MULTILINE)
CHROOT_STAGES = {
    b"create-session",
    b"chroot-setup-commands",
    b"apt-get-update",
    b"apt-get-upgrade",
    b"apt-get-distupgrade",
}
CHROOT_BROKEN = re.compile(rb"^E: (Error creating chroot|Unable to (open|create) chroot)", re.MULTILINE)
FAILED = {1, 2}
GIVEN_BACK = 3
UNMET = re.compile(rb"Depends: (\S+(?: \([^)]*\))?) but ")
NOT_FORCED = re.compile(rb"^E: There are problems and -y was used without --force-yes", re.MULTILINE)
CONFIG = """\
$unshare_tmpdir_template = {chroot};
$bd_uninstallable_explainer = '';
1;
"""


class SbuildWay:
    """sbuild in unshare mode, as ``user``: where the daemon is root, it becomes that user for sbuild.

    Chroots, ready for sbuild, are kept in ``chroots``: the last one used.
    """

    name = "sbuild"

    def __init__(self, chroots: Path, user: str, root: bool) -> None:
        self._chroots = chroots
        self._user = user
        self._root = root

    async def build(self, order: Order, bench: Workbench) -> Outcome:
        """Make the chroot ready, and build in it."""
        chroot = self._chroots / f"{order.chroot.name}.tar"
        if not chroot.exists() and not await self._made_ready(order, chroot, bench):
            return Outcome(Verdict.CHROOTFAIL)
        (order.folder / "sbuildrc").write_text(CONFIG.format(chroot=perl_string(str(order.folder / "chroot.XXXXXX"))))
        if self._root:
            await bench.run("chown", "-R", f"{self._user}:", str(order.folder))
        become = ["runuser", "-u", self._user, "--"] if self._root else []
        ended = await bench.run(*become, *command(order, chroot, self._user), env=environment(order))
        return gather(order, bench.log) if ended.well else judge(ended)

    async def _made_ready(self, order: Order, chroot: Path, bench: Workbench) -> bool:
        self._chroots.mkdir(parents=True, exist_ok=True)
        for other in self._chroots.glob("*.tar"):
            other.unlink(missing_ok=True)
        part = order.folder / chroot.name
        made = await bench.run(sys.executable, rerooting.__file__, str(order.chroot), str(part))
        if made.well:
            part.replace(chroot)
        return made.well


def obstacles(folder: Path, user: str) -> list[str]:
    """Return what keeps ``user``, whom root becomes for sbuild, from building below ``folder``; each with its cure."""
    try:
        pwd.getpwnam(user)
    except KeyError:
        return [f"there is no user {user}: useradd --create-home {user}"]
    closed = [path for path in (folder, *folder.parents) if path.exists() and not path.stat().st_mode & stat.S_IXOTH]
    return [f"{path} can't be entered by {user}: chmod o+x {path}" for path in closed]


def command(order: Order, chroot: Path, user: str) -> list[str]:
    """Return the command that builds the source in a chroot of its own."""
    return [
        "sbuild",
        "--nolog",
        "--chroot-mode=unshare",
        f"--chroot={chroot}",
        f"--dist={order.suite}",
        f"--arch={order.tag}",
        "--arch-all" if order.indep else "--no-arch-all",
        "--no-run-lintian",
        "--no-run-piuparts",
        "--no-run-autopkgtest",
        f"--build-dir={order.folder}",
        *(f"--chroot-setup-commands={line.replace('%', '%%')}" for line in setup_commands(order, user)),
        order.dsc,
    ]


def setup_commands(order: Order, user: str) -> list[str]:
    """Return what is done in the chroot first: where packages come from, whom to trust, who may write in /build."""
    lines = [f"usermod --append --groups sbuild {shlex.quote(user)}"]
    if order.archives:
        lines.append("rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*")
    lines += [f"echo {shlex.quote(archive)} >>/etc/apt/sources.list" for archive in order.archives]
    return lines + [_trust(number, key) for number, key in enumerate(order.keys)]


def _trust(number: int, key: str) -> str:
    try:
        suffix = "asc" if b64decode(key).startswith(ARMORED) else "gpg"
    except Base64Error:
        suffix = "gpg"
    return f"echo {shlex.quote(key)} | base64 --decode >/etc/apt/trusted.gpg.d/buildmaster-{number}.{suffix}"


def environment(order: Order) -> dict[str, str]:
    """Return the whole environment of sbuild; it reads no configuration but ours."""
    own = {"HOME": str(order.folder), "SBUILD_CONFIG": str(order.folder / "sbuildrc")}
    return {**ENVIRONMENT, **own, "DEB_BUILD_OPTIONS": order.build_options}


def perl_string(text: str) -> str:
    """Return a Perl literal of the text."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def judge(ended: Ended) -> Outcome:
    """Return what an sbuild that did not go well says, as a stock slave would read it."""
    stage = STAGE.search(ended.output)
    if CHROOT_BROKEN.search(ended.output) or (stage and stage[1] in CHROOT_STAGES):
        return Outcome(Verdict.CHROOTFAIL)
    if ended.code == GIVEN_BACK:
        return _given_back(ended.output)
    if ended.signal is not None or NOT_THE_PACKAGE.search(ended.output):
        return Outcome(Verdict.GIVENBACK)
    return Outcome(Verdict.PACKAGEFAIL if ended.code in FAILED else Verdict.BUILDERFAIL)


def _given_back(output: bytes) -> Outcome:
    missing = ", ".join(dict.fromkeys(relation.decode(errors="replace") for relation in UNMET.findall(output)))
    if missing:
        return Outcome(Verdict.DEPFAIL, dependencies=missing)
    return Outcome(Verdict.GIVENBACK if NOT_FORCED.search(output) else Verdict.PACKAGEFAIL)
