"""What the doctor looks at outside of the database: folders, disk, network, and the daemon."""

import json
import os
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from buildmaster.daemon.config.settings import Config
from buildmaster.farm.findings import Finding
from buildmaster.files.disk import Disk, DiskLowError, in_words
from buildmaster.files.layout import FOLDERS

PATIENCE = 5.0  # seconds for a connection
AT_ONCE = 32  # connections
OVERDUE = 60.0  # seconds after which a job that is due ought to have had its turn
Reach = Callable[[str, int], None]


def reach(host: str, port: int) -> None:
    """Connect, and hang up; raise OSError where nobody answers."""
    socket.create_connection((host, port), PATIENCE).close()


def check_folders(config: Config) -> Iterator[Finding]:
    """Find folders that are missing, or that this user may not write to."""
    folders = [config.root, *(config.root / name for name in FOLDERS)]
    if config.librarian.store.startswith("file:"):
        folders.append(Path(config.librarian.store.removeprefix("file:")))
    for folder in folders:
        if not folder.is_dir():
            yield Finding(f"the folder {folder} is missing", "`buildmaster init`")
        elif not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            yield Finding(f"the folder {folder} is closed to this user", f"`chown -R buildmaster {folder}`")


def check_disk(disk: Disk) -> Iterator[Finding]:
    """Find a disk that is nearly full."""
    try:
        disk.check()
    except DiskLowError as error:
        yield Finding(str(error), "remove what is not needed, or lower the ages of [housekeeping]")
    except OSError as error:
        yield Finding(f"the disk can't be measured: {error}", "`buildmaster init`")
    else:
        yield Finding(f"{in_words(disk.free)} are free on the disk")


def check_mail(config: Config, reach: Reach) -> Iterator[Finding]:
    """Find a mail host that does not answer."""
    mail = config.mail
    if not mail.fromaddress:
        yield Finding("no mail is sent: [mail] fromaddress is empty")
        return
    try:
        reach(mail.smtphost, mail.smtpport)
    except OSError as error:
        cure = "start it, or mend [mail] smtphost and smtpport; nothing is lost meanwhile"
        yield Finding(f"the mail host {mail.smtphost}:{mail.smtpport} does not answer: {error}", cure)


def check_chroots(files: Iterable[tuple[str, str]], kept: Callable[[str], bool]) -> Iterator[Finding]:
    """Find chroots, each a name and a SHA-256, whose file is lost."""
    for name, sha256 in files:
        if not kept(sha256):
            cure = f"`buildmaster chroot set {name} FILE`, or bring the librarian's store back from a backup"
            yield Finding(f"the chroot of {name} is not in the librarian", cure)


def check_slaves(addresses: Sequence[tuple[str, str, int]], reach: Reach) -> Iterable[Finding]:
    """Find builders, each a name, a host and a port, that do not answer; all are asked at once."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        found = list(threads.map(lambda address: _check_slave(address, reach), addresses))
    return [finding for finding in found if finding is not None]


def _check_slave(address: tuple[str, str, int], reach: Reach) -> Finding | None:
    name, host, port = address
    try:
        reach(host, port)
    except OSError as error:
        cure = f"start its slave, or `buildmaster builder fail {name} --reason WHY`"
        return Finding(f"the slave of {name} at {host}:{port} does not answer: {error}", cure)
    return None


def daemon_health(config: Config) -> dict[str, Any]:
    """Return what the daemon says of itself; raise OSError where none answers."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(config.web.bind, config.web.bind)  # noqa: S104 - compared only
    try:
        with urlopen(f"http://{host}:{config.web.port}/healthz", timeout=PATIENCE) as answer:
            return dict(json.load(answer))
    except HTTPError as error:
        with error:
            return dict(json.load(error))


def check_daemon(config: Config, health: Callable[[Config], dict[str, Any]]) -> Iterator[Finding]:
    """Find a daemon that does not run, and jobs that never have a turn."""
    try:
        found = health(config)
    except (OSError, ValueError) as error:
        yield Finding(
            f"no daemon answers at port {config.web.port}: {error}", "`buildmaster run`, or start its service"
        )
        return
    yield from _check_health(found)


def _check_health(found: dict[str, Any]) -> Iterator[Finding]:
    if not found["database"]["answers"]:
        yield Finding("the daemon's database does not answer", "see what holds it up, and the daemon's log")
    if found["late"]:
        there = "".join(f"; {job} has its turn" for job, turn in found["turns"].items() if turn["under_way"])
        cure = "the daemon's log tells which job it was: mend that, or raise its timeout"
        yield Finding(f"a turn was over its limit, and none ended in time since{there}", cure)
    for job, count in found["failing"].items():
        cure = "its output and traceback are in the daemon's log, and in the mail to mailproblemsto"
        yield Finding(f"the job {job} failed {count} time(s) in a row", cure)
    for job, turn in found["turns"].items():
        if not turn["under_way"] and not turn["due_in"] and turn["age"] > OVERDUE:
            yield Finding(f"the job {job} is due and gets no turn", "see which job is under way, and lower its timeout")


def check_jobs(config: Config, built_in: Iterable[str]) -> Iterator[Finding]:
    """Find built-in jobs that are switched off."""
    there = {job.task for job in config.jobs}
    for name in built_in:
        if name not in there:
            yield Finding(f"the built-in job {name} is switched off")
