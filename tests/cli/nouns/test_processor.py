"""Processors are named once, in small letters."""

from tests.support.places import PlaceCase

REFUSED = {
    "processor add x86": "the processor x86 is there already",
    "processor add X86": (
        "'X86' can't be the name of a processor: use small letters, digits, and + . - after the first character"
    ),
}


class ProcessorTests(PlaceCase):
    def test_what_is_wrong_is_refused_with_what_to_do(self):
        self.assert_refused(REFUSED)
