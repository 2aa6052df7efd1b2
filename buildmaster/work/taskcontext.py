"""What nearly every task needs, in one value."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from buildmaster.files.librarian import ILibrarian
from buildmaster.model.notices.builds import Notices
from buildmaster.model.transacts import Transacts
from buildmaster.work.batches import InThread


@dataclass(frozen=True)
class TaskContext:
    """Where a task works.

    ``in_thread`` runs work that blocks, off the reactor. ``now`` is the time for rows, in UTC. ``nudge`` has the job of
    a name be due at once. ``notices`` tell people.
    """

    database: Transacts
    librarian: ILibrarian
    in_thread: InThread
    now: Callable[[], datetime]
    nudge: Callable[[str], None]
    notices: Notices
