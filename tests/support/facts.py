"""Facts with good defaults, for tests of rules."""

from datetime import datetime, timedelta

import pytz

from buildmaster.farm.builders.facts import BuilderFacts, JobFacts, Limits, Observation
from buildmaster.farm.builders.replies import Silence, SlaveInfo, SlaveStatus
from buildmaster.farm.builders.states import BuilderStatus, SlaveVerdict
from buildmaster.farm.queue.dispatching import Candidate, Head
from buildmaster.farm.vocabulary.states import BuildState

NOW = datetime(2026, 3, 1, 12, tzinfo=pytz.UTC)
LIMITS = Limits()
COOKIE = "8-1"
INFO = SlaveInfo("1.0", "i386", ("binarypackage",))
REFUSED = Silence("(111, 'Connection refused')", refused=True)


def ago(seconds):
    """Return the time that many seconds before NOW."""
    return NOW - timedelta(seconds=seconds)


def a_builder(**facts):
    """Return bob, idle and clean, who may be trusted with i386."""
    defaults = {
        "id": 1,
        "name": "bob",
        "url": "http://bob:8221/",
        "processors": ("x86",),
        "tags": frozenset({"i386"}),
        "kinds": ("binarypackage",),
    }
    return BuilderFacts(**{**defaults, **facts})


def a_job(**facts):
    """Return the first attempt at build 8, under way for a minute."""
    defaults = {
        "build_id": 8,
        "entry_id": 1,
        "attempt_id": 5,
        "attempt": 1,
        "cookie": COOKIE,
        "state": BuildState.BUILDING,
        "started": ago(60),
        "title": "i386 build of pmount 0.1-1 in ubuntu hoary RELEASE",
        "label": "ubuntu-hoary-i386.pmount_0.1-1",
        "archive_id": 1,
    }
    return JobFacts(**{**defaults, **facts})


def a_word(status="IDLE", verdict=None, cookie=COOKIE, **facts):
    """Return what a slave says; the status and the verdict by their short names."""
    return SlaveStatus(
        BuilderStatus[status],
        None if verdict is None else SlaveVerdict[verdict],
        **{"cookie": None if status in {"IDLE", "UNKNOWN"} else cookie, **facts},
    )


def seen(word, **facts):
    """Return the observation of a word, or of a status by its short name."""
    return Observation(a_word(word) if isinstance(word, str) else word, **facts)


def a_candidate(number=1, **facts):
    """Return a builder as the dispatcher sees it: idle, trusted, x86."""
    return Candidate(**{"id": number, "name": f"b{number}", "processors": ("x86",), "trusted": True, **facts})


def a_head(number=1, **facts):
    """Return a waiting entry, trusted, for x86."""
    defaults = {"entry_id": number, "build_id": number, "processor": "x86", "trusted": True, "score": 100}
    return Head(**{**defaults, **facts})
