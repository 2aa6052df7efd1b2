"""Remove what builds leave: processes that left their group, files that belong to a user of a namespace.

Where the daemon is not root, what sbuild began in a chroot belongs to other users, and only systemd's control group
ends it when the daemon itself was killed: see daemons/buildd.service.
"""

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

MARK = "BUILDD_WORKBENCH"
AS_ROOT_OF_NAMESPACE = ("unshare", "--map-auto", "--map-root-user")


def kill_marked(folder: Path) -> None:
    """Kill every process that was begun for a build in ``folder``, whatever group it has gone to."""
    mark = f"{MARK}={folder}".encode()
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if any(line == mark or line.startswith(mark + b"/") for line in environ.read_bytes().split(b"\0")):
                os.kill(int(environ.parent.name), signal.SIGKILL)


def remove_tree(folder: Path) -> None:
    """Remove a folder, and the chroots in it, whose files belong to the users that this one may stand for."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists() and shutil.which(AS_ROOT_OF_NAMESPACE[0]):
        subprocess.run([*AS_ROOT_OF_NAMESPACE, "rm", "-rf", str(folder)], check=False, capture_output=True)
