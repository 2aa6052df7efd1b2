"""What a builder is said to be, by us and by its slave.

The numbers are stored in the database and are those of the classic system; they never change.
"""

from enum import Enum, IntEnum, StrEnum


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
