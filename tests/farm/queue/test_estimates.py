"""How long a build will take: as long as the last time, or by its size; and how wrong that may be."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.queue.estimates import estimated_duration, spread

SIZES = {0: 300.0, 1: 60.0, 6 * 1024 * 60 - 1: 60.0, 6 * 1024 * 60: 120.0, 6 * 1024 * 600: 660.0}


class DurationTests(SynchronousTestCase):
    def test_by_size(self):
        self.assertEqual(SIZES, {size: estimated_duration(None, size) for size in SIZES})

    def test_the_last_success_counts_more(self):
        self.assertEqual(77.0, estimated_duration(77.0, 10**9))

    @given(st.none() | st.floats(-1e9, 1e9), st.integers(-10, 10**12))
    def test_never_negative(self, last, size):
        self.assertGreaterEqual(estimated_duration(last, size), 0.0)


class SpreadTests(SynchronousTestCase):
    def test_holds_eight_of_ten(self):
        self.assertEqual((0.3, 1.8), spread([n / 10 for n in range(1, 20)] + [50.0]))

    def test_few_errors_teach_nothing(self):
        self.assertIsNone(spread([1.0] * 9))

    @given(st.lists(st.floats(0, 1e6)))
    def test_what_is_estimated_lies_within(self, errors):
        found = spread(errors)
        if found is not None:
            self.assertTrue(0 <= found[0] <= 1 <= found[1])
