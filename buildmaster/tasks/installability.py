"""Hold builds back whose build-dependencies can't be installed, where Debian's solver is there to say so."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from twisted.logger import Logger

from buildmaster.farm.queue.installability import sources_stanzas, unmet_dependencies
from buildmaster.model.queue.installability import Case, cases, keep_unmet
from buildmaster.work.errands import Errands
from buildmaster.work.taskcontext import TaskContext

SOLVER = "dose-builddebcheck"
LIMIT = 600  # seconds that the solver may take for one architecture
BROKEN = frozenset({0, 1})  # its exit codes when it has an answer
BUILDS = 100  # in one transaction
ERRAND = -1  # there is never more than one; mirrors, which share the errands, count from 0


class Installability:
    """Begins an errand that asks about all builds that wait; a turn doesn't wait for it."""

    name = "installability"
    log = Logger()

    def __init__(self, context: TaskContext, errands: Errands, solver: str | None = None) -> None:
        self._context = context
        self._errands = errands
        self._solver = solver or shutil.which(SOLVER)

    async def run(self) -> None:
        """Begin to ask, where the solver is installed."""
        if self._solver is not None:
            self._errands.begin(ERRAND, self._ask)

    async def _ask(self) -> None:
        changed = 0
        for case in await self._context.database.read(cases):
            unmet = list((await self._context.in_thread(self._unmet, case)).items())
            for start in range(0, len(unmet), BUILDS):
                changed += await self._context.database.run(keep_unmet, dict(unmet[start : start + BUILDS]))
        if changed:
            self.log.info("{changed} builds are held back, or no more, by their build-dependencies", changed=changed)
            self._context.nudge("dispatcher")

    def _unmet(self, case: Case) -> dict[int, str | None]:
        """Return what each build of a case misses, None where it misses nothing; it blocks."""
        with tempfile.TemporaryDirectory() as folder:
            ours, sources = Path(folder) / "Packages", Path(folder) / "Sources"
            ours.write_text("".join(f"{stanza.rstrip()}\n\n" for stanza in case.stanzas))
            sources.write_text("".join(sources_stanzas(case.sources)))
            files = [*(self._context.librarian.path(sha256) for sha256 in case.indices), ours, sources]
            found = self._report(case.tag, files)
        return {source.build_id: found.get((source.name, source.version)) for source in case.sources}

    def _report(self, tag: str, files: list[Path]) -> dict[tuple[str, str], str]:
        command = [self._solver or SOLVER, f"--deb-native-arch={tag}", "--explain", "--failures", *map(str, files)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
        if ended.returncode not in BROKEN:
            self.log.warn("{solver} failed: {why}", solver=SOLVER, why=ended.stderr.strip()[-500:])
            return {}
        return unmet_dependencies(ended.stdout.splitlines())
