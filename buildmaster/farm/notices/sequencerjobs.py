"""Who is told what, and how often."""

from dataclasses import dataclass

FIRST_PAUSE = 600.0  # seconds until the same failure of a job is told again; twice as long each time,
LONGEST_PAUSE = 86400.0  # up to this


@dataclass(frozen=True)
class JobEnd:
    """How a job's turn ended: its exit code (0: well; a task that failed: 1) and what it printed."""

    job: str
    command: str
    code: int
    output: str = ""
    errors: str = ""

    @property
    def what(self) -> str:
        """What the failure is known by: two with the same code and the same last line are the same."""
        lines = self.errors.strip().splitlines()
        return f"{self.code}: {lines[-1] if lines else ''}"


@dataclass(frozen=True)
class Trouble:
    """A job that failed the same way ``count`` times; it was told at ``told`` and is told again after ``pause``."""

    what: str
    count: int
    told: float
    pause: float


@dataclass(frozen=True)
class Notice:
    """A mail, but for its recipient."""

    subject: str
    headers: tuple[tuple[str, str], ...]
    body: str


def after_failure(trouble: Trouble | None, end: JobEnd, now: float) -> tuple[Trouble, bool]:
    """Return what is now known of a job that failed, and whether somebody is to be told."""
    if trouble is None or trouble.what != end.what:
        return Trouble(end.what, 1, now, FIRST_PAUSE), True
    if now - trouble.told < trouble.pause:
        return Trouble(trouble.what, trouble.count + 1, trouble.told, trouble.pause), False
    return Trouble(trouble.what, trouble.count + 1, now, min(2 * trouble.pause, LONGEST_PAUSE)), True


HEADERS = (("From", "Build Daemon Sequencer"), ("X-Buildmaster", "yes"), ("X-Buildd", "yes"))


def failure_notice(end: JobEnd, count: int) -> Notice:
    """Return the mail about a job that failed, in the seed's form."""
    again = f" (for the {count}th time in a row)" if count > 1 else ""
    body = (
        f"Job: {end.job}\nCommand: {end.command}\nExit code: {end.code}\n\n"
        f"Standard Error:\n\n{end.errors}\n\nStandard Output:\n\n{end.output}\n"
    )
    return Notice(f"Job {end.job} exited with code {end.code}{again}", HEADERS, body)


def recovery_notice(end: JobEnd, trouble: Trouble) -> Notice:
    """Return the mail about a job that ended well after it had failed."""
    body = (
        f"Job: {end.job}\nCommand: {end.command}\n\nIt had failed {trouble.count} time(s), last with {trouble.what}\n"
    )
    return Notice(f"Job {end.job} works again", HEADERS, body)
