"""What archives, series and what is published in them are said to be.

The numbers are stored in the database and are those of the classic system; they never change.
"""

from enum import IntEnum


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
