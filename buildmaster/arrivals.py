"""Read the results of builds that have landed, and keep what fits; settle their folders.

All of it blocks, so many are done in one call: make that in a thread.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from twisted.python.failure import Failure

from buildmaster.errors import BuildmasterError
from buildmaster.farm.uploads import ReadFolder, binaries_of, check_binaries, kind_of
from buildmaster.folders import ACCEPTED, FAILED, REJECTED
from buildmaster.intake import OWN, keep_big
from buildmaster.leaves import LOG_NAME, LeafLog, find, move, open_log, prepare, settle, sync_places, write_log
from buildmaster.librarian import write
from buildmaster.model.results import Refusal, Results, Uploading
from buildmaster.packages import hold_folder
from buildmaster.uploadcommand import UploadCommand

GONE = "The results of this build are gone: its folder is nowhere below the farm's root."


@dataclass
class Arrival:
    """Results on their way in, and the log of what is done with them.

    ``reasons`` are those against them; a ``fault`` is why they can't be taken in now.
    """

    attempt: Uploading
    steps: LeafLog
    read: ReadFolder = field(default_factory=ReadFolder)
    reasons: tuple[str, ...] = ()
    fault: Failure | None = None

    @property
    def fits(self) -> bool:
        """Whether nothing speaks against them so far."""
        return not self.reasons and self.fault is None

    def results(self, now: datetime) -> Results:
        """Return what is to be recorded of them."""
        packages = binaries_of(self.read, self.attempt.expected)
        return Results(self.attempt, packages, self.read.digests, now)


def arrive(attempt: Uploading, begun: LeafLog) -> Arrival:
    """Return the results of an attempt, of which nothing is known yet; their log goes on from ``begun``."""
    steps = LeafLog()
    steps.follow(begun)
    steps.debug("Initialising connection.")
    steps.debug(f"Beginning processing of the results of build {attempt.build_id}")
    return Arrival(attempt, steps)


def run_command(root: Path, command: UploadCommand, arrival: Arrival) -> None:
    """Run the program that takes in results, where somebody else does."""
    attempt, steps = arrival.attempt, arrival.steps
    prepare(root, steps)
    leaf = find(root, attempt.leaf)
    if leaf is None:
        arrival.reasons = (GONE,)
        return
    steps.debug(f"Invoking {' '.join(command.arguments(attempt, leaf))}")
    fault = command.fault(attempt, leaf)
    steps.include((find(root, attempt.leaf) or leaf) / LOG_NAME)
    arrival.reasons = (fault,) if fault else ()


def receive(root: Path, librarian: Any, arrivals: Sequence[Arrival]) -> None:
    """Read and check the results, and keep the binaries of those that fit. What goes wrong with one spares the others.

    ``librarian`` is an ILibrarian.
    """
    for arrival in arrivals[:1]:
        prepare(root, arrival.steps)
    small: list[tuple[Arrival, list[bytes]]] = []
    for arrival in arrivals:
        with _noted(arrival):
            small.append((arrival, _receive(root, librarian, arrival)))
    _keep_small(librarian, small)


def _keep_small(librarian: Any, small: Sequence[tuple[Arrival, list[bytes]]]) -> None:
    """Keep what small binaries hold: all at once, or, where one of them spoils that, each arrival's alone."""
    try:
        librarian.add_bytes([held for _, helds in small for held in helds])
    except OSError:
        for arrival, helds in small:
            with _noted(arrival):
                librarian.add_bytes(helds)


def _receive(root: Path, librarian: Any, arrival: Arrival) -> list[bytes]:
    """Read and check results, and keep those binaries that are not small; return what the small ones hold."""
    leaf = find(root, arrival.attempt.leaf)
    if leaf is None:
        arrival.reasons = (GONE,)
        return []
    held = hold_folder(leaf, OWN)
    arrival.read = held.read
    for name, file in held.read.found.items():
        arrival.steps.debug(f"Found {name}: {file.content.size} bytes, SHA-256 {file.content.sha256}")
    arrival.reasons = check_binaries(held.read, arrival.attempt.expected)
    if not arrival.fits:
        return []
    binaries = [name for name in held.read.found if kind_of(name)]
    keep_big(librarian, leaf, held, binaries)
    arrival.steps.debug("Keeping the binaries in the librarian")
    return [held.small[name] for name in binaries if name in held.small]


def settle_accepted(root: Path, arrivals: Sequence[Arrival]) -> None:
    """Move the folders of accepted results, with their logs; one that can't be moved spares the others."""
    written = []
    with ExitStack() as logs:
        for arrival in arrivals:
            with _noted(arrival):
                leaf, file = _write_accepted(root, arrival)
                written.append((arrival, leaf, logs.enter_context(file)))
        for arrival, leaf, file in written:
            with _noted(arrival):
                os.fsync(file.fileno())
                move(root, leaf, ACCEPTED)
    sync_places(root, (ACCEPTED,))


def _write_accepted(root: Path, arrival: Arrival) -> tuple[Path, BinaryIO]:
    """Write the log of accepted results; return their folder and the log, which is still to be flushed."""
    leaf = find(root, arrival.attempt.leaf)
    if leaf is None:
        raise FileNotFoundError(f"the folder {arrival.attempt.leaf} is gone")
    arrival.steps.info(f"Accepted: build {arrival.attempt.build_id} is FULLYBUILT")
    arrival.steps.debug(f"Moving the upload to {ACCEPTED}")
    file = open_log(leaf)
    write(file, arrival.steps.text.encode())
    return leaf, file


@contextmanager
def _noted(arrival: Arrival) -> Iterator[None]:
    """Note what goes wrong with an arrival."""
    try:
        yield
    except (BuildmasterError, OSError):
        arrival.fault = Failure()


def explain(root: Path, librarian: Any, arrival: Arrival) -> Refusal:
    """Tell the reasons in the log, and keep that: of results that are gone, in a folder made for it."""
    steps = arrival.steps
    for reason in arrival.reasons:
        steps.error(reason)
    steps.debug("Rolling back any remaining transactions.")
    leaf = _leaf_of(root, arrival)
    leaf.mkdir(exist_ok=True)
    steps.debug(f"Moving the upload to {_place_of(leaf)}")
    return Refusal(" ".join(arrival.reasons), steps.text, librarian.add(write_log(leaf, steps)))


def settle_refused(root: Path, arrival: Arrival) -> None:
    """Move the folder of refused results, with its log."""
    leaf = _leaf_of(root, arrival)
    settle(root, leaf, _place_of(leaf), arrival.steps)


def _leaf_of(root: Path, arrival: Arrival) -> Path:
    name = arrival.attempt.leaf
    return find(root, name) or root / FAILED / (name or f"build-{arrival.attempt.build_id}")


def _place_of(leaf: Path) -> str:
    return REJECTED if any(leaf.glob("*.changes")) else FAILED
