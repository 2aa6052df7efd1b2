"""The states of a build, and the table of its legal transitions.

The numbers are stored in the database and are those of the classic system; they never change.
"""

from enum import IntEnum

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
