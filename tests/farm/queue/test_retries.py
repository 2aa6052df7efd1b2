"""Whether a build may be tried again, or ended."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.queue.retries import cancel_refusal, retry_refusal
from buildmaster.farm.vocabulary.archives import Pocket, Purpose, SeriesStatus
from buildmaster.farm.vocabulary.pockets import is_open
from buildmaster.farm.vocabulary.states import RETRIABLE, BuildState

HOARY = ("hoary", SeriesStatus.DEVELOPMENT)


def refusal(
    state=BuildState.FAILEDTOBUILD, purpose=Purpose.PRIMARY, pocket=Pocket.RELEASE, series=HOARY, published=True
):
    return retry_refusal(state, purpose, pocket, series, published=published)


class RetryTests(SynchronousTestCase):
    def test_what_ended_badly_can_be_retried(self):
        for state in BuildState:
            self.assertEqual(state in RETRIABLE, refusal(state) is None)
        self.assertEqual("its state is 'Successfully built'", refusal(BuildState.FULLYBUILT))

    def test_a_closed_pocket_refuses_but_not_in_a_ppa(self):
        self.assertEqual(
            "the pocket RELEASE is closed, since hoary is CURRENT",
            refusal(series=("hoary", SeriesStatus.CURRENT)),
        )
        self.assertIsNone(refusal(series=("hoary", SeriesStatus.CURRENT), purpose=Purpose.PPA))

    def test_a_superseded_build_needs_its_source_published_again(self):
        self.assertEqual("its source is published no more", refusal(BuildState.SUPERSEDED, published=False))
        self.assertIsNone(refusal(BuildState.SUPERSEDED))
        self.assertIsNone(refusal(BuildState.FAILEDTOBUILD, published=False))

    @given(*map(st.sampled_from, (BuildState, Purpose, Pocket, SeriesStatus)), st.booleans())
    def test_never_into_a_closed_pocket(self, state, purpose, pocket, status, published):
        if refusal(state, purpose, pocket, ("hoary", status), published) is None:
            self.assertTrue(is_open(pocket, status, purpose))


class CancelTests(SynchronousTestCase):
    def test_what_waits_or_is_built_can_be_cancelled(self):
        for state, expected in {
            BuildState.NEEDSBUILD: None,
            BuildState.BUILDING: None,
            BuildState.CANCELLING: None,
            BuildState.GATHERING: "results are being taken in",
            BuildState.UPLOADING: "results are being taken in",
            BuildState.FULLYBUILT: "its state is 'Successfully built'",
            BuildState.CANCELLED: "its state is 'Cancelled build'",
        }.items():
            self.assertEqual(expected, cancel_refusal(state))
