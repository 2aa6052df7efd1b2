"""Which pockets are open, and which components a build may use."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.vocabulary.archives import Pocket, Purpose, SeriesStatus
from buildmaster.farm.vocabulary.pockets import (
    EVERYTHING,
    closed_at_collection,
    closed_at_dispatch,
    gets_builds,
    is_open,
    ogre_components,
    open_for_uploads,
)


class OpenTests(SynchronousTestCase):
    def test_a_frozen_series_opens_every_pocket(self):
        self.assertEqual({True}, {open_for_uploads(pocket, SeriesStatus.FROZEN) for pocket in Pocket})

    def test_release_is_open_until_the_series_is_out_and_the_others_after(self):
        for status in set(SeriesStatus) - {SeriesStatus.FROZEN}:
            out = status in {SeriesStatus.CURRENT, SeriesStatus.SUPPORTED}
            self.assertEqual(not out, open_for_uploads(Pocket.RELEASE, status))
            self.assertEqual({out}, {open_for_uploads(pocket, status) for pocket in Pocket if pocket.suffix})

    @given(st.sampled_from(Pocket), st.sampled_from(SeriesStatus), st.sampled_from(Purpose))
    def test_ppas_and_partners_are_exempt(self, pocket, status, purpose):
        exempt = purpose in {Purpose.PPA, Purpose.PARTNER}
        self.assertEqual(exempt or open_for_uploads(pocket, status), is_open(pocket, status, purpose))

    def test_an_obsolete_series_gets_no_new_builds_in_release(self):
        self.assertFalse(gets_builds(Pocket.RELEASE, SeriesStatus.OBSOLETE, Purpose.PRIMARY))
        self.assertFalse(gets_builds(Pocket.RELEASE, SeriesStatus.FUTURE, Purpose.PRIMARY))
        self.assertTrue(gets_builds(Pocket.RELEASE, SeriesStatus.OBSOLETE, Purpose.PPA))
        self.assertTrue(gets_builds(Pocket.SECURITY, SeriesStatus.CURRENT, Purpose.PRIMARY))

    def test_says_why_a_pocket_is_closed(self):
        title = "i386 build of pmount 0.1-1 in ubuntu hoary SECURITY (8)"
        self.assertEqual(
            f"{title} can not be built for pocket SECURITY: invalid pocket due to the series status of hoary.",
            closed_at_dispatch(title, Pocket.SECURITY, "hoary"),
        )
        self.assertEqual(
            f"{title} can not be built for pocket SECURITY: illegal status",
            closed_at_collection(title, Pocket.SECURITY),
        )


class OgreTests(SynchronousTestCase):
    def test_a_component_builds_on_itself_and_what_is_freer(self):
        for component, others in {
            "main": "main",
            "restricted": "main restricted",
            "universe": "main universe",
            "multiverse": "main restricted universe multiverse",
            "partner": "partner",
            "contrib": "main contrib",
            "non-free": "main contrib non-free non-free-firmware",
            "non-free-firmware": "main non-free-firmware",
            "extras": "main extras",
        }.items():
            self.assertEqual(others, " ".join(ogre_components(component)))

    def test_backports_use_everything(self):
        self.assertEqual(EVERYTHING, ogre_components("main", Pocket.BACKPORTS))
        self.assertIn("non-free", ogre_components("contrib", Pocket.BACKPORTS))
