"""Of the binaries of one name in one place, only the latest stays published."""

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.publishing.dominating import PublishedBinary, replaced

HERE = (1, 1, 0, "deb", "hello")
ELSEWHERE = (1, 2, 0, "deb", "hello")


def gone(*versions):
    """Return the ids of those that are replaced, of binaries published in this order."""
    return replaced(PublishedBinary(number, HERE, version) for number, version in enumerate(versions, 1))


class ReplacedTests(SynchronousTestCase):
    def test_the_later_version_stays(self):
        for versions, expected in (
            ((), set()),
            (("1",), set()),
            (("1", "2"), {1}),
            (("2", "1"), {2}),
            (("2~rc1", "2", "1:0"), {1, 2}),
            (("1", "3", "2"), {1, 3}),
        ):
            self.assertEqual(expected, gone(*versions), versions)

    def test_of_the_same_version_the_one_published_later_stays(self):
        self.assertEqual({1}, gone("1.0", "1.0"))
        self.assertEqual({1}, gone("1.0", "0:1.0"))

    def test_what_is_no_version_is_the_lowest(self):
        self.assertEqual({1}, gone("what?", "0~~"))
        self.assertEqual({2}, gone("0~~", "what?"))
        self.assertEqual({1}, gone("what?", "and?"))

    def test_each_place_is_on_its_own(self):
        binaries = [PublishedBinary(1, HERE, "1"), PublishedBinary(2, ELSEWHERE, "2"), PublishedBinary(3, HERE, "3")]
        self.assertEqual({1}, replaced(binaries))
