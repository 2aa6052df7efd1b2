"""Architectures are added where their series and their processor are known."""

from tests.support.places import PlaceCase

REFUSED = {
    "arch add ubuntu/hoary/i386 --processor x86": "the architecture ubuntu/hoary/i386 is there already",
    "arch add ubuntu/hoary/all --processor x86": (
        "all can't be an architecture: it has a meaning of its own in an Architecture field"
    ),
    "arch add ubuntu/hoary/hppa --processor hppa": (
        "there is no processor hppa (known: amd64, x86); `buildmaster processor add hppa` adds it"
    ),
}


class ArchTests(PlaceCase):
    def test_what_is_wrong_is_refused_with_what_to_do(self):
        self.assert_refused(REFUSED)
