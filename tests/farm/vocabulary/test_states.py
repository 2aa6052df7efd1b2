"""A build goes from state to state as the table says, and no other way."""

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.vocabulary.archives import Pocket
from buildmaster.farm.vocabulary.states import (
    ENDED,
    HELD,
    RETRIABLE,
    TITLES,
    TRANSITIONS,
    BuildState,
    IllegalTransitionError,
    check_transition,
)

S = BuildState
ANY = set(BuildState)
MAY_BECOME = {
    S.NEEDSBUILD: ANY,
    S.BUILDING: ANY,
    S.GATHERING: {S.NEEDSBUILD, S.FAILEDTOBUILD, S.UPLOADING},
    S.UPLOADING: {S.FULLYBUILT, S.FAILEDTOUPLOAD, S.SUPERSEDED},
    S.CANCELLING: {S.CANCELLED},
    S.CANCELLED: {S.NEEDSBUILD},
    S.FAILEDTOBUILD: {S.NEEDSBUILD},
    S.FAILEDTOUPLOAD: {S.NEEDSBUILD},
    S.MANUALDEPWAIT: {S.NEEDSBUILD},
    S.CHROOTWAIT: {S.NEEDSBUILD},
    S.SUPERSEDED: {S.NEEDSBUILD},
    S.FULLYBUILT: set(),
}


def becomes(old, new, **how):
    """Tell whether a build may go from the one state to the other."""
    try:
        check_transition(old, new, **how)
    except IllegalTransitionError:
        return False
    return True


class TransitionTests(SynchronousTestCase):
    def test_the_table(self):
        self.assertEqual(MAY_BECOME, {old: {new for new in BuildState if becomes(old, new)} for old in BuildState})

    def test_who_is_forced_goes_anywhere_but_from_what_is_built(self):
        for old in BuildState:
            allowed = {new for new in BuildState if becomes(old, new, forced=True)}
            self.assertEqual(set() if old is S.FULLYBUILT else ANY, allowed, old.name)

    def test_the_refusal_names_both(self):
        error = self.assertRaises(IllegalTransitionError, check_transition, S.FULLYBUILT, S.NEEDSBUILD)
        self.assertEqual("a build can't go from FULLYBUILT to NEEDSBUILD", str(error))

    def test_each_state_is_known_to_each_table(self):
        self.assertEqual((ANY, ANY), (set(TRANSITIONS), set(TITLES)))
        self.assertEqual(ANY, {S.NEEDSBUILD, S.UPLOADING} | HELD | ENDED)
        self.assertEqual({S.FULLYBUILT}, ENDED - RETRIABLE)


class PocketTests(SynchronousTestCase):
    def test_a_pocket_is_the_end_of_a_suites_name(self):
        suffixes = {pocket.name: pocket.suffix for pocket in Pocket}
        self.assertEqual("", suffixes.pop("RELEASE"))
        self.assertEqual({name: f"-{name.lower()}" for name in suffixes}, suffixes)
