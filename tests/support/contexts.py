"""What tasks need, in one value, for tests: each part can be replaced."""

from twisted.internet.defer import execute

from buildmaster.model.notices.builds import NoNotices
from buildmaster.work.taskcontext import TaskContext
from tests.support.rows import NOW, inline


def a_context(transactions=None, nudged=None, **parts):
    """Return a context on these transactions, in which all is done at once; ``nudged`` gets the names of jobs."""
    defaults = {
        "database": transactions and inline(transactions),
        "librarian": None,
        "in_thread": execute,
        "now": lambda: NOW,
        "nudge": ([] if nudged is None else nudged).append,
        "notices": NoNotices(),
    }
    return TaskContext(**{**defaults, **parts})
