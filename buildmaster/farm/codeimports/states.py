"""What code imports, their jobs and their machines are said to be.

The numbers are stored in the database and are those of the classic system; they never change.
"""

from enum import IntEnum


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
