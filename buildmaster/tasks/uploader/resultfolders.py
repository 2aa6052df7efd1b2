"""Read the results of builds that have landed, and keep what fits; settle their folders.

All of it blocks, so many are done in one call: make that in a thread.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from twisted.python.failure import Failure

from buildmaster.errors import BuildmasterError
from buildmaster.farm.uploads.binaries import ReadFolder, binaries_of, check_binaries, kind_of
from buildmaster.farm.vocabulary.contents import Content
from buildmaster.files.layout import ACCEPTED, FAILED, REJECTED
from buildmaster.files.packages import read_marked, seal
from buildmaster.files.uploadfolders import LOG_NAME, LeafLog, find, move, prepare, settle, write_log
from buildmaster.model.uploads.refusedresults import Refusal
from buildmaster.model.uploads.results import Results, Uploading
from buildmaster.tasks.uploader.command import UploadCommand
from buildmaster.work.sourceintake import OWN, keep

GONE = "The results of this build are gone: its folder is nowhere below the farm's root."


@dataclass
class Arrival:
    """Results on their way in, and the log of what is done with them.

    Once they are read, ``leaf`` is their folder. ``reasons`` are those against them; a ``fault`` is why they can't be
    taken in now. ``foreign`` files had another program at them, which may have kept them open or linked.
    """

    attempt: Uploading
    steps: LeafLog
    leaf: Path | None = None
    read: ReadFolder = field(default_factory=ReadFolder)
    reasons: tuple[str, ...] = ()
    fault: Failure | None = None
    foreign: bool = False

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
    arrival.foreign = True
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
    kept: list[tuple[Arrival, list[tuple[Path, Content]]]] = []
    for arrival in arrivals:
        with _noted(arrival):
            kept.append((arrival, _receive(root, librarian, arrival)))
    _adopt(librarian, kept)


def _adopt(librarian: Any, kept: Sequence[tuple[Arrival, list[tuple[Path, Content]]]]) -> None:
    """Keep binaries: all at once, or, where one of them spoils that, each arrival's alone."""
    try:
        librarian.adopt_all([file for _, files in kept for file in files])
    except OSError:
        for arrival, files in kept:
            with _noted(arrival):
                librarian.adopt_all(files)


def _receive(root: Path, librarian: Any, arrival: Arrival) -> list[tuple[Path, Content]]:
    """Read and check results; return those binaries that the librarian may adopt, and keep copies of others."""
    leaf = find(root, arrival.attempt.leaf)
    if leaf is None:
        arrival.reasons = (GONE,)
        return []
    folder = read_marked(leaf, OWN)
    arrival.leaf, arrival.read = leaf, folder.read
    for name, file in folder.read.found.items():
        arrival.steps.debug(f"Found {name}: {file.content.size} bytes, SHA-256 {file.content.sha256}")
    arrival.reasons = check_binaries(folder.read, arrival.attempt.expected)
    if not arrival.fits:
        return []
    arrival.steps.debug("Keeping the binaries in the librarian")
    binaries = [name for name in folder.read.found if kind_of(name)]
    if arrival.foreign:
        keep(librarian, leaf, folder.read, binaries)
        return []
    for name in binaries:
        seal(leaf, name, folder.marks[name])
    return [(leaf / name, folder.read.found[name].content) for name in binaries]


def settle_accepted(root: Path, arrivals: Sequence[Arrival]) -> None:
    """Move the folders of accepted results, with their logs; one that can't be moved spares the others.

    Nothing is flushed to the disk: what counts is in the database and in the librarian, and a folder that a crash of
    the machine puts back into incoming/ is moved again.
    """
    for arrival in arrivals:
        with _noted(arrival):
            arrival.steps.info(f"Accepted: build {arrival.attempt.build_id} is FULLYBUILT")
            arrival.steps.debug(f"Moving the upload to {ACCEPTED}")
            write_log(arrival.leaf, arrival.steps)
            move(root, arrival.leaf, ACCEPTED)


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
