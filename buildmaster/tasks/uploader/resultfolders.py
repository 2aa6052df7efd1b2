"""Check the results of builds that have landed, and settle their folders.

All of it blocks, so many are done in one call: make that in a thread.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from twisted.python.failure import Failure

from buildmaster.errors import BuildmasterError
from buildmaster.farm.uploads.binaries import ReadFolder, binaries_of, check_binaries, kind_of
from buildmaster.farm.vocabulary.contents import Content
from buildmaster.files.layout import ACCEPTED, FAILED, REJECTED
from buildmaster.files.librarian import ILibrarian
from buildmaster.files.packages import read_marked, seal
from buildmaster.files.uploadfolders import LOG_NAME, LeafLog, find, move, prepare, settle, write_log
from buildmaster.model.uploads.refusedresults import Refusal
from buildmaster.model.uploads.results import Results, Uploading
from buildmaster.tasks.uploader.command import UploadCommand
from buildmaster.work.sourceintake import OWN, add_files

GONE = "The results of this build are gone: its folder is nowhere below the farm's root."


@dataclass
class ResultFolder:
    """Results that have landed, and the log of what is done with them.

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


def result_folder(attempt: Uploading, begun: LeafLog) -> ResultFolder:
    """Return the results of an attempt, of which nothing is known yet; their log goes on from ``begun``."""
    steps = LeafLog()
    steps.follow(begun)
    steps.debug("Initialising connection.")
    steps.debug(f"Beginning processing of the results of build {attempt.build_id}")
    return ResultFolder(attempt, steps)


def run_command(root: Path, command: UploadCommand, folder: ResultFolder) -> None:
    """Run the program that takes in results, where somebody else does."""
    attempt, steps = folder.attempt, folder.steps
    folder.foreign = True
    prepare(root, steps)
    leaf = find(root, attempt.leaf)
    if leaf is None:
        folder.reasons = (GONE,)
        return
    steps.debug(f"Invoking {' '.join(command.arguments(attempt, leaf))}")
    fault = command.fault(attempt, leaf)
    steps.include((find(root, attempt.leaf) or leaf) / LOG_NAME)
    folder.reasons = (fault,) if fault else ()


def check(root: Path, librarian: ILibrarian, folders: Sequence[ResultFolder]) -> None:
    """Read and check the results, and let the librarian have the binaries of those that fit.

    What goes wrong with one spares the others.
    """
    for folder in folders[:1]:
        prepare(root, folder.steps)
    fitting: list[tuple[ResultFolder, list[tuple[Path, Content]]]] = []
    for folder in folders:
        with _noted(folder):
            fitting.append((folder, _check(root, librarian, folder)))
    _adopt(librarian, fitting)


def _adopt(librarian: ILibrarian, fitting: Sequence[tuple[ResultFolder, list[tuple[Path, Content]]]]) -> None:
    """Let the librarian have binaries: all at once, or, where one of them spoils that, each folder's alone."""
    try:
        librarian.adopt_all([file for _, files in fitting for file in files])
    except OSError:
        for folder, files in fitting:
            with _noted(folder):
                librarian.adopt_all(files)


def _check(root: Path, librarian: ILibrarian, folder: ResultFolder) -> list[tuple[Path, Content]]:
    """Read and check results; return those binaries that the librarian may adopt: it gets copies of the others."""
    leaf = find(root, folder.attempt.leaf)
    if leaf is None:
        folder.reasons = (GONE,)
        return []
    marked = read_marked(leaf, OWN)
    folder.leaf, folder.read = leaf, marked.read
    for name, file in folder.read.found.items():
        folder.steps.debug(f"Found {name}: {file.content.size} bytes, SHA-256 {file.content.sha256}")
    folder.reasons = check_binaries(folder.read, folder.attempt.expected)
    if not folder.fits:
        return []
    folder.steps.debug("Keeping the binaries in the librarian")
    binaries = [name for name in folder.read.found if kind_of(name)]
    if folder.foreign:
        add_files(librarian, leaf, folder.read, binaries)
        return []
    for name in binaries:
        seal(leaf, name, marked.marks[name])
    return [(leaf / name, folder.read.found[name].content) for name in binaries]


def settle_accepted(root: Path, folders: Sequence[ResultFolder]) -> None:
    """Move the folders of accepted results, with their logs; one that can't be moved spares the others.

    Nothing is flushed to the disk: what counts is in the database and in the librarian, and a folder that a crash of
    the machine puts back into incoming/ is moved again.
    """
    for folder in folders:
        with _noted(folder):
            folder.steps.info(f"Accepted: build {folder.attempt.build_id} is FULLYBUILT")
            folder.steps.debug(f"Moving the upload to {ACCEPTED}")
            write_log(folder.leaf, folder.steps)
            move(root, folder.leaf, ACCEPTED)


@contextmanager
def _noted(folder: ResultFolder) -> Iterator[None]:
    """Note what goes wrong with a folder."""
    try:
        yield
    except (BuildmasterError, OSError):
        folder.fault = Failure()


def write_reasons(root: Path, librarian: ILibrarian, folder: ResultFolder) -> Refusal:
    """Write the reasons into the log, which the librarian gets; for results that are gone a folder is made."""
    steps = folder.steps
    for reason in folder.reasons:
        steps.error(reason)
    steps.debug("Rolling back any remaining transactions.")
    leaf = _leaf_of(root, folder)
    leaf.mkdir(exist_ok=True)
    steps.debug(f"Moving the upload to {_place_of(leaf)}")
    return Refusal(" ".join(folder.reasons), steps.text, librarian.add(write_log(leaf, steps)))


def settle_refused(root: Path, folder: ResultFolder) -> None:
    """Move the folder of refused results, with its log."""
    leaf = _leaf_of(root, folder)
    settle(root, leaf, _place_of(leaf), folder.steps)


def _leaf_of(root: Path, folder: ResultFolder) -> Path:
    name = folder.attempt.leaf
    return find(root, name) or root / FAILED / (name or f"build-{folder.attempt.build_id}")


def _place_of(leaf: Path) -> str:
    return REJECTED if any(leaf.glob("*.changes")) else FAILED
