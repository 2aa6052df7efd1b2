"""See to it that a SQLite file has one master: a lock beside it, which names who holds it."""

import fcntl
import os
import socket
from pathlib import Path

from buildmaster.errors import BuildmasterError


class AnotherMasterError(BuildmasterError):
    """Another master runs on the same SQLite file."""


class Mastership:
    """The right to be the master of the SQLite file at ``path``; the lock is gone with the process, however it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = path.with_name(path.name + ".master")
        self._file: int | None = None

    def take(self) -> None:
        """Become the master; raise AnotherMasterError, with its name, where there is one."""
        file = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(file)
            other = self._lock.read_text().strip() or "one that is just starting"
            raise AnotherMasterError(f"another master runs on {self.path}: {other}") from error
        self._file = file
        self.sign()

    def sign(self) -> None:
        """Write who we are into the lock: again after a fork, when the process is another."""
        if self._file is not None:
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)

    def give_up(self) -> None:
        """Be the master no more."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
