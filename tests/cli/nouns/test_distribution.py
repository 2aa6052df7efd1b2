"""Distributions are named once."""

from tests.support.places import PlaceCase

REFUSED = {
    "distribution add ubuntu": "the distribution ubuntu is there already",
}


class DistributionTests(PlaceCase):
    def test_what_is_wrong_is_refused_with_what_to_do(self):
        self.assert_refused(REFUSED)
