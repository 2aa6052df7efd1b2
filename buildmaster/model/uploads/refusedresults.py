"""Refuse the results of a build: it ends as FAILEDTOUPLOAD, with the reasons, and somebody is told."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session, joinedload

from buildmaster.farm.builders.logtext import renamed_log
from buildmaster.farm.vocabulary.contents import Content
from buildmaster.farm.vocabulary.states import BuildState, check_transition
from buildmaster.model.notices.builds import Notices
from buildmaster.model.tables.builds import Attempt
from buildmaster.model.tables.files import remember_file


@dataclass(frozen=True)
class Refusal:
    """Why results are refused: in a line, and as the log of the upload, which the librarian keeps as ``log``."""

    reason: str
    text: str
    log: Content


def refuse_results(session: Session, attempt_id: int, refusal: Refusal, notices: Notices, now: datetime) -> bool:
    """End the build as FAILEDTOUPLOAD, with the upload's log, and tell of it; return whether somebody waited for that.

    The log is part of the notice.
    """
    attempt = _locked(session, attempt_id)
    if attempt is None:
        return False
    name = f"upload_{attempt.build_id}_log.txt"
    log_id = remember_file(session, refusal.log, name, "text/plain", now, attempt.build.archive_id)
    attempt.upload_log_id = attempt.build.upload_log_id = log_id
    attempt.failure = attempt.build.failure = refusal.reason
    check_transition(attempt.build.buildstate, BuildState.FAILEDTOUPLOAD)
    attempt.state = attempt.build.buildstate = BuildState.FAILEDTOUPLOAD
    if attempt.buildlog is not None:
        attempt.buildlog.filename = renamed_log(attempt.buildlog.filename, BuildState.FAILEDTOUPLOAD)
    session.flush()
    notices.refused(session, now, attempt.build_id, refusal.text)
    return True


def _locked(session: Session, attempt_id: int) -> Attempt | None:
    loaded = joinedload(Attempt.build, innerjoin=True)
    attempt = session.get(Attempt, attempt_id, options=[loaded], with_for_update={"of": Attempt})
    if attempt is None or attempt.state is not BuildState.UPLOADING:
        return None
    return attempt if attempt.build.buildstate is BuildState.UPLOADING else None
