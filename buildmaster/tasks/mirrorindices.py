"""Read the Packages indices of the mirrors that archives are configured with, when they change."""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from twisted.logger import Logger

from buildmaster.farm.indices.packages import offer_lines
from buildmaster.farm.indices.release import IndexPlace, packages_index
from buildmaster.farm.vocabulary.archives import Pocket
from buildmaster.files.download import AbsentError, FetchError, fetch, text_lines
from buildmaster.model.mirrors.packageindices import FetchedIndex, Key, MirrorSuites, keep_indices, mirrors
from buildmaster.work.errands import Errands
from buildmaster.work.taskcontext import TaskContext

LARGEST_RELEASE = 10 << 20  # bytes
LARGEST_INDEX = 1 << 30


class MirrorIndices:
    """Begins an errand for each series of each mirror; a turn doesn't wait for them. ``errands`` are its own."""

    name = "mirror_indices"
    log = Logger()

    def __init__(self, context: TaskContext, errands: Errands, folder: Path) -> None:
        self._context = context
        self._errands = errands
        self._folder = folder

    async def run(self) -> None:
        """Begin to look at all mirrors."""
        for number, suites in enumerate(await self._context.database.read(mirrors)):
            self._errands.begin(number, partial(self._look, suites))

    async def _look(self, suites: MirrorSuites) -> None:
        try:
            fetched, gone = await self._context.in_thread(self._changed, suites)
        except FetchError as error:
            self.log.warn("mirror {mirror} can't be read: {why}", mirror=suites.reference, why=str(error))
            return
        if fetched or gone:
            await self._context.database.run(keep_indices, self._context.now(), suites, fetched, gone)
            what = {"mirror": suites.reference, "series": suites.series, "count": len(fetched)}
            self.log.info("{count} indices of {series} fetched from mirror {mirror}", **what)
            self._context.nudge("queue_builder")

    def _changed(self, suites: MirrorSuites) -> tuple[list[FetchedIndex], list[Key]]:
        """Fetch the indices that changed, and name those that are gone; it blocks."""
        known = dict(suites.known)
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            folder = Path(name)
            there = {key: (base, place) for pocket in Pocket for key, base, place in _places(suites, pocket, folder)}
            fetched = [
                self._index(key, base, place, folder)
                for key, (base, place) in there.items()
                if known.get(key) != place.sha256
            ]
        return fetched, [key for key in known if key not in there]

    def _index(self, key: Key, base: str, place: IndexPlace, folder: Path) -> FetchedIndex:
        packed, packages, offers = folder / "packed", folder / "packages", folder / "offers"
        fetch(f"{base}/{place.path}", packed, min(place.size, LARGEST_INDEX), place.sha256)
        with packed.open("rb") as source, text_lines(source) as lines, packages.open("w") as whole:
            whole.writelines(lines)
        with packages.open() as lines, offers.open("w") as short:
            short.writelines(offer_lines(lines))
        return FetchedIndex(
            key, place.sha256, self._context.librarian.add(packages), self._context.librarian.add(offers)
        )


def _places(suites: MirrorSuites, pocket: Pocket, folder: Path) -> Iterator[tuple[Key, str, IndexPlace]]:
    """Yield the indices of one suite, each with the address of the suite; none where there is no such suite."""
    base = f"{suites.url}/dists/{suites.series}{pocket.suffix}"
    release = _release(base, folder / "Release")
    for component in suites.components:
        for tag in suites.tags:
            place = packages_index(release, component, tag)
            if place is not None:
                yield (pocket, component, tag), base, place


def _release(base: str, to: Path) -> str:
    """Return the Release file of a suite, of either form; "" where there is none."""
    for name in ("InRelease", "Release"):
        try:
            fetch(f"{base}/{name}", to, LARGEST_RELEASE)
        except AbsentError:
            continue
        return to.read_text(errors="replace")
    return ""
