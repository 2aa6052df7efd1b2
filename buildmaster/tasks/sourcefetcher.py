"""Fetch the files of imported sources, when a build of theirs has come to the head of the queue."""

import tempfile
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from twisted.logger import Logger

from buildmaster.farm.vocabulary.contents import Content
from buildmaster.files.download import FetchError, fetch
from buildmaster.model.mirrors.sourcefiles import WantedSource, keep_failure, keep_fetched, wanted_sources
from buildmaster.work.errands import Errands
from buildmaster.work.taskcontext import TaskContext

FIRST_REST = timedelta(minutes=1)  # after a fetch that failed; twice as long each time
LONGEST_REST = timedelta(hours=6)


class SourceFetcher:
    """Begins an errand for each source that is wanted, a few at once; a turn doesn't wait for them.

    ``errands`` are its own. ``folder`` is where files lie while they come.
    """

    name = "fetcher"
    log = Logger()

    def __init__(self, context: TaskContext, errands: Errands, folder: Path) -> None:
        self._context = context
        self._errands = errands
        self._folder = folder
        self._resting: dict[int, tuple[datetime, timedelta]] = {}

    async def run(self) -> None:
        """Begin to fetch what is wanted, as far as there is room."""
        resting = {release_id for release_id, (until, _) in self._resting.items() if until > self._context.now()}
        busy = self._errands.away() | resting
        for source in await self._context.database.read(wanted_sources, self._errands.room(), busy):
            self._errands.begin(source.release_id, partial(self._bring, source))

    async def _bring(self, source: WantedSource) -> None:
        try:
            contents = await self._context.in_thread(self._fetched, source)
        except FetchError as error:
            await self._rest(source, str(error))
        else:
            self._resting.pop(source.release_id, None)
            await self._context.database.run(keep_fetched, self._context.now(), source.release_id, contents)
            self.log.info("the files of {title} are fetched", title=source.title)
            self._context.nudge("dispatcher")
        self._context.nudge(self.name)

    def _fetched(self, source: WantedSource) -> dict[str, Content]:
        """Fetch, verify and store the files; it blocks."""
        if "://" not in source.dsc_url:
            raise FetchError("nobody knows where they are: import the source again, with --base-url")
        place = source.dsc_url.rpartition("/")[0]
        contents = {}
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            for file in source.files:
                path = Path(folder) / file.filename
                fetch(f"{place}/{file.filename}", path, file.size, file.sha256)
                contents[file.filename] = self._context.librarian.add(path)
        return contents

    async def _rest(self, source: WantedSource, why: str) -> None:
        _, last = self._resting.get(source.release_id, (None, FIRST_REST / 2))
        rest = min(2 * last, LONGEST_REST)
        self._resting[source.release_id] = self._context.now() + rest, rest
        self.log.warn("the files of {title} can't be fetched: {why}", title=source.title, why=why)
        await self._context.database.run(keep_failure, source.release_id, why)
