"""A build is named in the classic words."""

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.text.titles import build_title
from buildmaster.farm.vocabulary.archives import Pocket


class TitleTests(SynchronousTestCase):
    def test_a_title_names_what_is_built_and_for_where(self):
        title = build_title("i386", "pmount", "0.1-1", ("ubuntu", "hoary"), Pocket.SECURITY)
        self.assertEqual("i386 build of pmount 0.1-1 in ubuntu hoary SECURITY", title)
