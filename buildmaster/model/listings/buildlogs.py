"""Find the log of a build: a stored file, or the tail of one that is still being written."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from buildmaster.errors import BuildmasterError
from buildmaster.model.tables.builds import Attempt, Build, BuildQueue, no_build
from buildmaster.model.tables.files import StoredFile


@dataclass(frozen=True)
class LogPlace:
    """Where the log of an attempt is: in the librarian as ``sha256``, or (still running) only its ``tail``."""

    attempt: int
    sha256: str | None
    tail: str | None


def find_log(session: Session, build_id: int, number: int | None) -> LogPlace:
    """Return where the log of attempt ``number``, or of the latest that has one, is."""
    rows = (
        select(Attempt.number, Attempt.finished, StoredFile.sha256, BuildQueue.logtail)
        .outerjoin(StoredFile, StoredFile.id == Attempt.buildlog_id)
        .outerjoin(BuildQueue, BuildQueue.build_id == Attempt.build_id)
        .where(Attempt.build_id == build_id)
        .order_by(Attempt.number.desc())
    )
    for attempt, finished, sha256, tail in session.execute(rows):
        if number in {None, attempt} and (sha256 or not finished):
            return LogPlace(attempt, sha256, None if sha256 else (tail or ""))
    if session.get(Build, build_id) is None:
        raise no_build(build_id)
    which = "no attempt" if number is None else f"no attempt {number}"
    raise BuildmasterError(f"build {build_id} has {which} with a log: see `buildmaster build show {build_id}`")
