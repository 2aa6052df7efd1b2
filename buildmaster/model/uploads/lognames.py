"""Keep the names of build logs in step with what their builds came to."""

from collections.abc import Collection

from sqlalchemy import bindparam, func, update
from sqlalchemy.orm import Session

from buildmaster.farm.builders.logtext import renamed_log, state_ending
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.tables.files import StoredFile
from buildmaster.model.tables.mapping import table_of

FILE = table_of(StoredFile)
RENAME = (
    update(FILE)
    .where(FILE.c.id.in_(bindparam("logs", expanding=True)))
    .values(filename=func.replace(FILE.c.filename, bindparam("old"), bindparam("new")))
)


def name_log(session: Session, log_id: int, state: BuildState) -> None:
    """Name the log of a build by the state that the build came to."""
    log = session.get_one(StoredFile, log_id)
    log.filename = renamed_log(log.filename, state)
    session.flush()


def name_logs(session: Session, log_ids: Collection[int], old: BuildState, new: BuildState) -> None:
    """Name the logs of builds that were in one state by that which they came to, in one statement."""
    values = {"logs": sorted(log_ids), "old": state_ending(old), "new": state_ending(new)}
    session.connection().execute(RENAME, values)
