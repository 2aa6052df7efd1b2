"""Take in what has landed in incoming/: results of builds, and sources that somebody dropped there.

After a crash between any two steps the next turn comes to the same end: what is recorded is recorded in one
transaction, and a leaf is moved only after it, so that a leaf whose attempt has ended is only to be moved.
"""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytz
from twisted.logger import Logger

from buildmaster.farm.vocabulary.states import HELD, BuildState
from buildmaster.files.layout import ACCEPTED, FAILED, REJECTED
from buildmaster.files.uploadfolders import LOG_NAME, LeafLog, cookie_of, landed, locked, out_of_reach, settle
from buildmaster.model.uploads.results import states_of_attempts, uploading
from buildmaster.model.uploads.sources import AcceptedSource
from buildmaster.tasks.uploader.drops import Drops
from buildmaster.tasks.uploader.results import ResultRecorder, spared
from buildmaster.work.errands import Errands
from buildmaster.work.taskcontext import TaskContext

PLACES = {BuildState.FULLYBUILT: ACCEPTED, BuildState.FAILEDTOUPLOAD: REJECTED}
ERRAND = 0  # there is never more than one
OUT_OF_REACH = (
    "{leaf} waits in incoming/, for the daemon may not read and move it (see {path}); mend that, as root, with"
    " `chown -R {uid} {leaf} && chmod -R u+rwX {leaf}`, or remove it; this is said once"
)
ANEW = timedelta(seconds=1)  # after which it is looked again what else lies there: results come and go all the time

log = Logger()


@dataclass(frozen=True)
class Stray:
    """A leaf that is not of results that wait: where it belongs, and why; a drop is still to be judged."""

    leaf: Path
    place: str = ""
    reason: str = ""

    @property
    def dropped(self) -> bool:
        """Whether somebody dropped it."""
        return not self.place


class Uploader:
    """Begins an errand that takes in all that waits; a turn doesn't wait for it.

    ``errands`` are its own; ``results`` records what builds brought, ``drops`` what somebody dropped.
    """

    name = "uploader"

    def __init__(
        self, context: TaskContext, root: Path, errands: Errands, results: ResultRecorder, drops: Drops
    ) -> None:
        self._context = context
        self._root = root
        self._errands = errands
        self._results = results
        self._drops = drops
        self._due = False
        self._out_of_reach: Collection[Path] = ()
        self._looked = datetime.min.replace(tzinfo=pytz.UTC)

    async def run(self) -> None:
        """Begin to take in what waits; if that is under way, look again afterwards."""
        self._due = True
        if ERRAND not in self._errands.away():
            self._errands.begin(ERRAND, self._take_all)

    async def _take_all(self) -> None:
        while self._due:
            self._due = False
            await spared("what builds brought", self._record_results())
            if abs(self._context.now() - self._looked) >= ANEW:
                self._looked = self._context.now()
                await spared("what lies in incoming/", self._settle_strays())

    async def _record_results(self) -> None:
        """Record the results that wait, some at a time: one bad folder spares the others."""
        at_once = self._results.at_once
        waiting = await self._context.database.read(uploading, 0, at_once)
        if not waiting:
            return
        steps = LeafLog()
        with locked(self._root, steps):
            while waiting:
                await self._results.record(waiting, steps)
                more = len(waiting) == at_once
                waiting = await self._context.database.read(uploading, waiting[-1].build_id, at_once) if more else ()

    async def _settle_strays(self) -> None:
        """Take in drops; move folders that nobody waits for, and leave those whose attempts are still under way."""
        strays = await self._within_reach(await self._strays(await self._context.in_thread(landed, self._root)))
        if not strays:
            return
        with locked(self._root, LeafLog()):
            for stray in strays:
                await spared(stray.leaf.name, self._take_drop(stray.leaf) if stray.dropped else self._settle(stray))

    async def _strays(self, leaves: Sequence[Path]) -> list[Stray]:
        cookies = {leaf: cookie for leaf in leaves if (cookie := cookie_of(leaf.name)) is not None}
        known = await self._context.database.read(states_of_attempts, [*cookies.values()]) if cookies else {}
        belong = {leaf: where_to(leaf.name, known.get(cookie)) for leaf, cookie in cookies.items()}
        found = [Stray(leaf, *belong.get(leaf, ())) for leaf in leaves]
        return [stray for stray in found if stray.place or stray.leaf not in cookies]

    async def _within_reach(self, strays: Sequence[Stray]) -> list[Stray]:
        """Leave out those that only an operator can let us have, who is told of each once."""
        forbidden = await self._context.in_thread(out_of_reach, [stray.leaf for stray in strays])
        for leaf in forbidden.keys() - self._out_of_reach:
            log.error(OUT_OF_REACH, leaf=leaf, path=forbidden[leaf], uid=os.geteuid())
        self._out_of_reach = forbidden.keys()
        return [stray for stray in strays if stray.leaf not in forbidden]

    async def _take_drop(self, leaf: Path) -> None:
        verdict = await self._drops.take(self._root, leaf)
        log.info("{leaf}, dropped into incoming/: {verdict}", leaf=leaf.name, verdict=verdict)
        if isinstance(verdict, AcceptedSource):
            self._context.nudge("publisher")
            self._context.nudge("queue_builder")

    async def _settle(self, stray: Stray) -> None:
        steps = LeafLog()
        await self._context.in_thread(steps.include, stray.leaf / LOG_NAME)
        steps.info(stray.reason)
        steps.debug(f"Moving the upload to {stray.place}")
        await self._context.in_thread(settle, self._root, stray.leaf, stray.place, steps)


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
