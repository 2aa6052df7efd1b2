"""The enumerations of the farm's domain, and the table of a build's legal transitions.

The numbers are stored in the database and are those of the classic system; they never change.
"""

from enum import Enum, IntEnum, StrEnum

from buildmaster.errors import BuildmasterError


class BuildState(IntEnum):
    """How far a build is."""

    NEEDSBUILD = 0
    FULLYBUILT = 1
    FAILEDTOBUILD = 2
    MANUALDEPWAIT = 3
    CHROOTWAIT = 4
    SUPERSEDED = 5
    BUILDING = 6
    FAILEDTOUPLOAD = 7
    UPLOADING = 8
    CANCELLING = 9
    CANCELLED = 10
    GATHERING = 11

    @property
    def title(self) -> str:
        """The state in words for people."""
        return TITLES[self]


S = BuildState
TITLES = {
    S.NEEDSBUILD: "Needs building",
    S.FULLYBUILT: "Successfully built",
    S.FAILEDTOBUILD: "Failed to build",
    S.MANUALDEPWAIT: "Dependency wait",
    S.CHROOTWAIT: "Chroot problem",
    S.SUPERSEDED: "Build for superseded Source",
    S.BUILDING: "Currently building",
    S.FAILEDTOUPLOAD: "Failed to upload",
    S.UPLOADING: "Uploading build",
    S.CANCELLING: "Cancelling build",
    S.CANCELLED: "Cancelled build",
    S.GATHERING: "Gathering build output",
}
HELD = frozenset({S.BUILDING, S.CANCELLING, S.GATHERING})  # a builder holds the build's cookie
RETRIABLE = frozenset(
    {S.FAILEDTOBUILD, S.MANUALDEPWAIT, S.CHROOTWAIT, S.FAILEDTOUPLOAD, S.CANCELLED, S.SUPERSEDED},
)
ENDED = RETRIABLE | {S.FULLYBUILT}
TRANSITIONS: dict[BuildState, frozenset[BuildState]] = {
    S.NEEDSBUILD: frozenset(S),
    S.BUILDING: frozenset(S),
    S.GATHERING: frozenset({S.NEEDSBUILD, S.FAILEDTOBUILD, S.UPLOADING}),
    S.UPLOADING: frozenset({S.FULLYBUILT, S.FAILEDTOUPLOAD, S.SUPERSEDED}),
    S.CANCELLING: frozenset({S.CANCELLED}),
    S.FULLYBUILT: frozenset(),
    **dict.fromkeys(RETRIABLE, frozenset({S.NEEDSBUILD})),
}


class IllegalTransitionError(BuildmasterError):
    """A build may not go from the one state to the other."""


def check_transition(old: BuildState, new: BuildState, *, forced: bool = False) -> None:
    """Raise IllegalTransitionError unless a build may go from ``old`` to ``new``.

    ``forced`` is for the failure handler alone, and does not reach a build that is FULLYBUILT.
    """
    if new not in TRANSITIONS[old] and not (forced and old is not S.FULLYBUILT):
        raise IllegalTransitionError(f"a build can't go from {old.name} to {new.name}")


class Pocket(IntEnum):
    """The part of a series that a source is published in."""

    RELEASE = 0
    SECURITY = 10
    UPDATES = 20
    PROPOSED = 30
    BACKPORTS = 40

    @property
    def suffix(self) -> str:
        """What the pocket adds to the name of its series, to make a suite."""
        return "" if self is Pocket.RELEASE else f"-{self.name.lower()}"


class SeriesStatus(IntEnum):
    """Where a series is in its life."""

    EXPERIMENTAL = 1
    DEVELOPMENT = 2
    FROZEN = 3
    CURRENT = 4
    SUPPORTED = 5
    OBSOLETE = 6
    FUTURE = 7


class Publishing(IntEnum):
    """Where a publication is in its life."""

    PENDING = 1
    PUBLISHED = 2
    SUPERSEDED = 3
    DELETED = 4
    OBSOLETE = 5


ACTIVE = frozenset({Publishing.PENDING, Publishing.PUBLISHED})


class Purpose(IntEnum):
    """What an archive is for."""

    PRIMARY = 1
    PPA = 2
    PARTNER = 4
    REBUILD = 6


class Urgency(IntEnum):
    """How urgent an upload says it is."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    EMERGENCY = 4


class CleanStatus(IntEnum):
    """Whether a builder can be given work."""

    CLEAN = 0
    DIRTY = 1
    CLEANING = 2


class FailedBy(StrEnum):
    """Who marked a builder as failed: only a probe's mark heals by itself."""

    PROBE = "probe"
    LIMIT = "limit"
    OPERATOR = "operator"


class BuilderStatus(Enum):
    """What a slave says of itself, in the words of the protocol."""

    IDLE = "BuilderStatus.IDLE"
    BUILDING = "BuilderStatus.BUILDING"
    WAITING = "BuilderStatus.WAITING"
    ABORTING = "BuilderStatus.ABORTING"
    ABORTED = "BuilderStatus.ABORTED"
    UNKNOWN = "unknown"


class SlaveVerdict(Enum):
    """How a build ended, in the words of the protocol (its BuildStatus)."""

    OK = "BuildStatus.OK"
    PACKAGEFAIL = "BuildStatus.PACKAGEFAIL"
    DEPFAIL = "BuildStatus.DEPFAIL"
    CHROOTFAIL = "BuildStatus.CHROOTFAIL"
    BUILDERFAIL = "BuildStatus.BUILDERFAIL"
    GIVENBACK = "BuildStatus.GIVENBACK"
    ABORTED = "BuildStatus.ABORTED"
    UNKNOWN = "unknown"


class ReviewStatus(IntEnum):
    """Whether a code import is run."""

    NEW = 1
    INVALID = 10
    REVIEWED = 20
    SUSPENDED = 30
    FAILING = 40


class RcsType(IntEnum):
    """The version control system that a code import reads."""

    CVS = 1
    SVN = 2
    GIT = 3
    HG = 4
    BZR = 5


class ImportJobState(IntEnum):
    """Where a code import job is (the classic SCHEDULED, 20, was never used)."""

    PENDING = 10
    RUNNING = 30


class MachineState(IntEnum):
    """Whether an import machine is given work."""

    OFFLINE = 10
    ONLINE = 20
    QUIESCING = 30


class ImportResult(IntEnum):
    """How a code import job ended."""

    SUCCESS = 100
    FAILURE = 200
    INTERNAL_FAILURE = 210
    CHECKOUT_FAILURE = 220
    IMPORT_FAILURE = 230
    UPDATE_FAILURE = 240
    SYNC_FAILURE = 250
    RECLAIMED = 310
    KILLED = 320


class ImportEvent(IntEnum):
    """What happened to a code import or a machine."""

    CREATE = 110
    MODIFY = 120
    DELETE = 130
    START = 210
    FINISH = 220
    PUBLISH = 230
    RECLAIM = 240
    REQUEST = 310
    KILL = 320
    ONLINE = 410
    OFFLINE = 420
    QUIESCE = 430


class Role(StrEnum):
    """What an account may do."""

    READER = "reader"
    UPLOADER = "uploader"
    IMPORT_OPERATOR = "import-operator"
    BUILDD_ADMIN = "buildd-admin"
    ADMIN = "admin"
