"""Take in what has landed in incoming/: results of builds, and sources that somebody dropped there.

After a crash between any two steps the next turn comes to the same end: what is recorded is recorded in one
transaction, and a leaf is moved only after it, so that a leaf whose attempt has ended is only to be moved.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from twisted.internet.defer import DeferredList, ensureDeferred
from twisted.logger import Logger

from buildmaster.drops import Drops
from buildmaster.errors import BuildmasterError
from buildmaster.farm.states import HELD, BuildState
from buildmaster.farm.uploads import kind_of
from buildmaster.folders import ACCEPTED, FAILED, REJECTED
from buildmaster.intake import OWN, SourceIntake, keep
from buildmaster.leaves import LOG_NAME, LeafLog, cookie_of, find, landed, locked, prepare, settle, write_log
from buildmaster.model.results import (
    Notices,
    Refusal,
    Uploading,
    judge_results,
    record_results,
    refuse_results,
    state_of_attempt,
    uploading,
)
from buildmaster.model.sourcereleases import AcceptedSource
from buildmaster.packages import read_folder
from buildmaster.uploadcommand import UploadCommand

GONE = "The results of this build are gone: its folder is nowhere below the farm's root."
PLACES = {BuildState.FULLYBUILT: ACCEPTED, BuildState.FAILEDTOUPLOAD: REJECTED}
TOGETHER = 16  # results that are taken in at once
Reasons = Sequence[str] | None  # why results are refused; None where nobody waits for them any more

log = Logger()


class Uploader:
    """The uploader's turn.

    ``command`` takes in results before they are recorded, where somebody else does; ``tell`` posts notices of those
    that are refused.
    """

    name = "uploader"

    def __init__(
        self,
        root: Path,
        database: Any,  # Database or InlineDatabase
        librarian: Any,  # ILibrarian
        in_thread: Callable[..., Any],
        now: Callable[[], datetime],
        nudge: Callable[[str], None],
        command: UploadCommand | None = None,
        tell: Notices | None = None,
    ) -> None:
        self._root = root
        self._database = database
        self._librarian = librarian
        self._in_thread = in_thread
        self._now = now
        self._nudge = nudge
        self._command = command
        self._tell = tell
        self._drops = Drops(database, SourceIntake(database, librarian, in_thread, now), in_thread)

    async def run(self) -> None:
        """Take in the results that wait, and settle what else lies in incoming/. One bad folder spares the others."""
        waiting = await self._database.read(uploading)
        if waiting:
            await self._spared("what builds brought", self._take_all(waiting))
        for leaf in await self._in_thread(landed, self._root):
            await self._spared(leaf.name, self._settle_stray(leaf))

    async def _spared(self, leaf: str, work: Any) -> None:  # Any: a coroutine
        try:
            await work
        except (BuildmasterError, OSError) as error:
            log.failure("{leaf} can't be taken in now: {error}", leaf=leaf, error=error)

    async def _take_all(self, waiting: Sequence[Uploading]) -> None:
        """Take in what waits, some at a time: they share transactions. A program is run for one after the other."""
        steps = LeafLog()
        together = 1 if self._command is not None else TOGETHER
        with locked(self._root, steps):
            for start in range(0, len(waiting), together):
                some = [ensureDeferred(self._take_one(one, steps)) for one in waiting[start : start + together]]
                ended = await DeferredList(some, consumeErrors=True)
                for good, failure in ended:
                    if not good:
                        failure.raiseException()

    async def _take_one(self, attempt: Uploading, steps: LeafLog) -> None:
        mine = LeafLog()
        mine.follow(steps)
        await self._spared(attempt.leaf, self._take_results(attempt, mine))

    async def _take_results(self, attempt: Uploading, steps: LeafLog) -> None:
        steps.debug("Initialising connection.")
        steps.debug(f"Beginning processing of the results of build {attempt.build_id}")
        prepare(self._root, steps)
        reasons = await self._reasons(attempt, steps)
        if reasons is None:
            return
        if reasons:
            await self._refuse(attempt, reasons, steps)
        else:
            await self._accept(attempt, steps)

    async def _reasons(self, attempt: Uploading, steps: LeafLog) -> Reasons:
        """Take the results in as far as they fit; return the reasons against them."""
        if attempt.leaf and self._command is not None:
            fault = await self._commanded(attempt, self._command, steps)
            if fault:
                return (fault,)
        leaf = find(self._root, attempt.leaf)
        if leaf is None:
            return (GONE,)
        read = await self._in_thread(read_folder, leaf, OWN)
        for name, file in read.found.items():
            steps.debug(f"Found {name}: {file.content.size} bytes, SHA-256 {file.content.sha256}")
        reasons = await self._database.read(judge_results, attempt.attempt_id, read)
        if reasons is None or reasons:
            return reasons
        await self._in_thread(keep, self._librarian, leaf, read, [name for name in read.found if kind_of(name)])
        steps.debug("Keeping the binaries in the librarian")
        return await self._database.run(record_results, attempt.attempt_id, read, self._now())

    async def _commanded(self, attempt: Uploading, command: UploadCommand, steps: LeafLog) -> str:
        leaf = find(self._root, attempt.leaf)
        if leaf is None:
            return GONE
        steps.debug(f"Invoking {' '.join(command.arguments(attempt, leaf))}")
        fault = await self._in_thread(command.fault, attempt, leaf)
        steps.include((find(self._root, attempt.leaf) or leaf) / LOG_NAME)
        return fault

    async def _accept(self, attempt: Uploading, steps: LeafLog) -> None:
        leaf = find(self._root, attempt.leaf)
        steps.info(f"Accepted: build {attempt.build_id} is FULLYBUILT")
        if leaf is not None:
            await self._settle(leaf, ACCEPTED, steps)
        log.info("the results of build {build} are accepted", build=attempt.build_id)
        self._nudge("publisher")
        self._nudge("queue_builder")

    async def _refuse(self, attempt: Uploading, reasons: Sequence[str], steps: LeafLog) -> None:
        """Tell the reasons in the log, keep that, and end the build; the folder is moved last."""
        for reason in reasons:
            steps.error(reason)
        steps.debug("Rolling back any remaining transactions.")
        leaf = find(self._root, attempt.leaf) or self._root / FAILED / (attempt.leaf or f"build-{attempt.build_id}")
        leaf.mkdir(exist_ok=True)
        place = REJECTED if any(leaf.glob("*.changes")) else FAILED
        steps.debug(f"Moving the upload to {place}")
        written = await self._in_thread(write_log, leaf, steps)
        content = await self._in_thread(self._librarian.add, written)
        refusal = Refusal(" ".join(reasons), steps.text, content)
        await self._database.run(refuse_results, attempt.attempt_id, refusal, self._tell, self._now())
        await self._in_thread(settle, self._root, leaf, place, steps)
        log.info("the results of build {build} are refused: {reason}", build=attempt.build_id, reason=refusal.reason)
        self._nudge("notifier")

    async def _settle(self, leaf: Path, place: str, steps: LeafLog) -> None:
        steps.debug(f"Moving the upload to {place}")
        await self._in_thread(settle, self._root, leaf, place, steps)

    async def _take_drop(self, leaf: Path) -> None:
        verdict = await self._drops.take(self._root, leaf)
        log.info("{leaf}, dropped into incoming/: {verdict}", leaf=leaf.name, verdict=verdict)
        if isinstance(verdict, AcceptedSource):
            self._nudge("publisher")
            self._nudge("queue_builder")

    async def _settle_stray(self, leaf: Path) -> None:
        """Move a folder that nobody waits for; leave one whose attempt is still under way."""
        cookie = cookie_of(leaf.name)
        if cookie is None:
            await self._take_drop(leaf)
            return
        steps = LeafLog()
        known = await self._database.read(state_of_attempt, cookie)
        place, reason = where_to(leaf.name, known)
        if place:
            steps.include(leaf / LOG_NAME)
            steps.info(reason)
            await self._settle(leaf, place, steps)


def where_to(name: str, known: tuple[BuildState, str | None] | None) -> tuple[str, str]:
    """Return where a folder of results that lies in incoming/ belongs, and why; nowhere while its attempt goes on.

    ``known`` is the state of its attempt and the folder that this names, or None where nobody gave the cookie out.
    """
    if known is None:
        return FAILED, "Nobody knows the attempt that these are the results of."
    state, leaf = known
    if state in HELD or (state is BuildState.UPLOADING and leaf == name):
        return "", ""
    if leaf == name and state in PLACES:
        return PLACES[state], f"The attempt has ended as {state.name} already."
    return FAILED, f"Nobody waits for these results: the attempt is {state.name}, with its results in {leaf}."
