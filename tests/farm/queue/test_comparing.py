"""What builds there and not here."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.queue.comparing import Difference, Outcome, differences
from buildmaster.farm.vocabulary.states import BuildState

SPOT = ("pmount", "hoary", "i386")
outcomes = st.builds(Outcome, st.just("1"), st.sampled_from(BuildState))
farms = st.dictionaries(st.tuples(st.sampled_from("ab"), st.just("hoary"), st.just("i386")), outcomes)


class CompareTests(SynchronousTestCase):
    def test_what_ended_well_on_one_side_only_is_a_difference(self):
        for here, there, expected in [
            ("FULLYBUILT", "FAILEDTOBUILD", True),
            ("MANUALDEPWAIT", "FULLYBUILT", True),
            ("FULLYBUILT", "FULLYBUILT", False),
            ("FAILEDTOBUILD", "CHROOTWAIT", False),
            ("FULLYBUILT", "NEEDSBUILD", False),
            ("BUILDING", "FULLYBUILT", False),
        ]:
            one, other = (Outcome("1", BuildState[name]) for name in (here, there))
            found = differences({SPOT: one}, {SPOT: other})
            self.assertEqual((Difference(SPOT, one, other),) if expected else (), found)

    def test_what_is_on_one_side_only_is_none(self):
        self.assertEqual((), differences({SPOT: Outcome("1", BuildState.FULLYBUILT)}, {}))

    @given(farms, farms)
    def test_is_the_same_the_other_way_round(self, here, there):
        turned = tuple(Difference(found.spot, found.there, found.here) for found in differences(there, here))
        self.assertEqual(differences(here, there), turned)
