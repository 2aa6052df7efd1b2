"""What the daemon is made of is kept out of the collector's sight; what becomes garbage is not."""

import gc
import weakref

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.daemon.stalls import spare


class Part:
    """A part that holds itself."""

    def __init__(self):
        self.whole = self


class SparingTests(SynchronousTestCase):
    def setUp(self):
        self.addCleanup(gc.unfreeze)

    def test_what_is_there_is_not_looked_at(self):
        part = Part()
        spare()
        self.assertGreater(gc.get_freeze_count(), 1000)
        self.assertFalse(any(found is part for found in gc.get_objects()))

    def test_parts_that_were_replaced_go_when_the_next_ones_are_spared(self):
        part = Part()
        gone = weakref.ref(part)
        spare()
        del part
        gc.collect()
        self.assertIsNotNone(gone())
        spare()
        self.assertIsNone(gone())

    def test_what_came_later_goes_as_ever(self):
        spare()
        gone = weakref.ref(Part())
        gc.collect()
        self.assertIsNone(gone())
