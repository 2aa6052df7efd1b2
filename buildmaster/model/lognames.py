"""Keep the names of build logs in step with what their builds came to."""

from sqlalchemy.orm import Session

from buildmaster.farm.logs import renamed_log
from buildmaster.farm.states import BuildState
from buildmaster.model.files import StoredFile


def name_log(session: Session, log_id: int, state: BuildState) -> None:
    """Name the log of a build by the state that the build came to."""
    log = session.get_one(StoredFile, log_id)
    log.filename = renamed_log(log.filename, state)
    session.flush()
