"""Read the conf file once; report every mistake at once.

The shipped buildmaster.conf is the table of defaults, and ``settings`` says what kind of value each key has.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from buildmaster.daemon.config.entries import Entry, expand, nearest, parse
from buildmaster.daemon.config.settings import SECTIONS, Config, JobConfig, JobSettings
from buildmaster.errors import BuildmasterError

HERE = Path(__file__).parents[2]
SHIPPED = next(place for place in (HERE / "buildmaster.conf", HERE.parent / "buildmaster.conf") if place.exists())
BUILT_IN_TASKS = tuple(
    entry.value for entry in parse(SHIPPED, SHIPPED.read_text())[0] if entry.key == "task" and entry.value
)
USUAL = (Path("buildmaster.conf"), Path("/etc/buildmaster/buildmaster.conf"))
ANY_JOB = "job ..."
S = TypeVar("S")


class ConfigError(BuildmasterError):
    """The conf file has mistakes, all of which are in ``mistakes``: ``FILE:LINE: KEY: what is wrong``."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        more = f" (and {len(mistakes) - 1} more: see `buildmaster check-config`)" if mistakes[1:] else ""
        super().__init__(mistakes[0] + more)
        self.mistakes = tuple(mistakes)


def find(path: Path | None = None) -> Path:
    """Return ``path``, or the conf file in its usual place; raise BuildmasterError where there is none."""
    if path is not None:
        return path
    found = next((place for place in USUAL if place.exists()), None)
    if found is None:
        places = " nor ".join(map(str, USUAL))
        raise BuildmasterError(f"there is neither {places}: name one with --config, or begin with a copy of {SHIPPED}")
    return found


def load(path: Path) -> Config:
    """Return the settings of the file at ``path``; raise ConfigError with all its mistakes."""
    shipped, _ = parse(SHIPPED, SHIPPED.read_text())
    try:
        own, mistakes = parse(path, path.read_text())
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path}:1: is not UTF-8 text: {error}"]) from error
    reading = _Reading(path, shipped, own)
    config = reading.config()
    mistakes = sorted({*mistakes, *reading.mistakes}, key=_place)
    if mistakes or config is None:
        raise ConfigError(mistakes)
    return config


def _place(mistake: str) -> tuple[str, int]:
    path, line, _ = mistake.split(":", 2)
    return path, int(line)


class _Reading:
    """Turns entries into settings, and remembers every mistake on the way."""

    def __init__(self, path: Path, shipped: Sequence[Entry], own: Sequence[Entry]) -> None:
        self.mistakes: list[str] = []
        self._path = path
        self._own = {(entry.section, entry.key) for entry in own}
        self._entries = {(entry.section, entry.key): entry for entry in (*shipped, *own)}
        self._names: dict[str, str] = {}
        for entry in own:
            self._check_known(entry)

    def config(self) -> Config | None:
        """Return the settings, or None where a mistake stands in the way."""
        root = self._path.resolve().parent / (self._value(("buildmaster", "root"), str) or "")
        self._names["root"] = str(root)
        sections: dict[str, Any] = {name: self._section(kind, name) for name, kind in SECTIONS.items()}
        jobs = [self._job(section) for section in self._job_sections()]
        if self.mistakes:
            return None
        web = sections["web"]
        sections["web"] = replace(web, slave_url=web.slave_url or web.public_url)
        return Config(path=self._path, root=root, jobs=tuple(job for job in jobs if job and job.enabled), **sections)

    def _check_known(self, entry: Entry) -> None:
        job = entry.section.startswith("job ")
        kind = JobSettings if job else SECTIONS.get(entry.section)
        keys = get_type_hints(kind) if kind else {"root"}
        if kind is None and entry.section != "buildmaster":
            if not entry.key:
                self.mistakes.append(entry.mistake(f"no such section{nearest(entry.section, SECTIONS)}"))
        elif entry.key and entry.key not in keys:
            self.mistakes.append(entry.mistake(f"no such option in [{entry.section}]{nearest(entry.key, keys)}"))

    def _section(self, kind: type[S], *places: str, **more: str) -> S | None:
        """Return the settings of the first of ``places`` that has each key; None after a mistake."""
        before = len(self.mistakes)
        values = {
            key: self._value(next((place, key) for place in places if (place, key) in self._entries), hint)
            for key, hint in get_type_hints(kind, include_extras=True).items()
            if key not in more
        }
        return None if len(self.mistakes) > before else kind(**values, **more)

    def _value(self, place: tuple[str, str], hint: Any) -> Any:  # Any: each key has a type of its own
        entry = self._entries[place]
        reader = hint.__metadata__[0] if hasattr(hint, "__metadata__") else hint
        try:
            return reader(expand(entry.value, self._names))
        except ValueError as error:
            self.mistakes.append(entry.mistake(str(error)))
            return None

    def _job_sections(self) -> list[str]:
        return [name for name, key in self._entries if not key and name.startswith("job ") and name != ANY_JOB]

    def _job(self, section: str) -> JobConfig | None:
        job = self._section(JobConfig, section, ANY_JOB, name=section.removeprefix("job "))
        places = [(section, ANY_JOB, key) for key in ("task", "command")]
        task, command = (self._entries.get((own, key), self._entries[usual, key]).value for own, usual, key in places)
        if command and (section, "task") not in self._own:
            return job and replace(job, task="")
        fault = _fault(task, command)
        if fault:
            self.mistakes.append(self._entries.get((section, "task"), self._entries[section, ""]).mistake(fault))
        return job


def _fault(task: str, command: str) -> str:
    if bool(command) == bool(task):
        return "a job has either a task or a command"
    return "" if command or task in BUILT_IN_TASKS else f"{task!r} is no task{nearest(task, BUILT_IN_TASKS)}"
