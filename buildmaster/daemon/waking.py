"""Wake jobs of a daemon from outside of it: through a socket in the farm's folder, and by PostgreSQL's NOTIFY.

The socket is named through the folder's descriptor: a socket's own path may have 107 bytes only.
"""

import contextlib
import os
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

SOCKET = "nudge"  # its name in the farm's folder
CHANNEL = "buildmaster"  # of the notifications


def send(root: Path, names: Iterable[str]) -> None:
    """Make the named jobs of the daemon that runs on ``root`` due at once; do nothing where none runs."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        with socket_address(root) as address:
            sender.sendto(" ".join(names).encode(), address)


def notify(session: Session, names: Iterable[str]) -> None:
    """Nudge the named jobs of all masters when this transaction is committed; nothing on SQLite, which has no such."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_notify(:channel, :names)"), {"channel": CHANNEL, "names": " ".join(names)})


@contextlib.contextmanager
def socket_address(root: Path) -> Iterator[str]:
    """Give the address of the socket, good inside the context."""
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{SOCKET}"
    finally:
        os.close(folder)
