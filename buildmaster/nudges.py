"""Tell a running daemon that jobs have work, through a socket in the farm's folder."""

import contextlib
import socket
from collections.abc import Iterable
from pathlib import Path

SOCKET = "nudge"


def send(root: Path, names: Iterable[str]) -> None:
    """Make the named jobs of the daemon that runs on ``root`` due at once; do nothing where none runs."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, contextlib.suppress(OSError):
        sender.setblocking(False)
        sender.sendto(" ".join(names).encode(), str(root / SOCKET))
