"""Between two looks at everybody the scanner looks at those only of whom there is news."""

from unittest.mock import patch

from buildmaster.model.builders.snapshots import snapshot
from buildmaster.tasks.scanner.beliefs import EVERYBODY, NOBODY
from tests.support.scannercase import LOG, ScannerCase


class BeliefsTests(ScannerCase):
    def setUp(self):
        super().setUp()
        self.bob.will("OK", duration=None, log=LOG)
        self.build_id = self.master.add_build()
        self.master.turn("slave_scanner")
        self.master.clock.advance(EVERYBODY)
        self.looked = self.master.clock.seconds()
        self.master.turn("slave_scanner", "dispatcher")

    def test_whoever_comes_back_from_an_errand_is_looked_at_in_the_next_turn(self):
        self.master.clock.advance(0.3)
        self.master.turn("slave_scanner")
        self.assertLess(self.master.clock.seconds(), self.looked + EVERYBODY)
        self.assertEqual(LOG.decode(), self.entry(self.build_id).logtail)

    def test_whoever_is_due_is_looked_at_when_it_is(self):
        self.master.clock.advance(0.3)
        self.master.turn("slave_scanner")
        self.bob.finish()
        self.master.clock.advance(0.3)
        self.master.turn("slave_scanner")
        self.assertLess(self.master.clock.seconds(), self.looked + EVERYBODY)
        self.assertEqual("UPLOADING", self.master.state(self.build_id))

    def test_what_an_operator_changes_is_seen_within_a_second(self):
        self.master.set_builder(manual=True)
        self.master.turn("slave_scanner")
        self.assertEqual([], self.said(NOBODY))
        self.master.clock.advance(EVERYBODY)
        self.master.turn("slave_scanner")
        self.assertEqual(1, len(self.said(NOBODY)))

    def looks(self, took):
        """Return how many looks at everybody there are in 60 seconds, if each takes so long."""
        looks = []

        def slow(session):
            looks.append(self.master.clock.seconds())
            self.master.clock.rightNow += took
            return snapshot(session)

        with patch("buildmaster.tasks.scanner.beliefs.snapshot", slow):
            self.master.run(60, "slave_scanner")
        return len(looks)

    def test_a_large_farm_is_looked_at_seldom_but_often_enough(self):
        self.assertGreater(self.looks(0.0), 40)
        self.assertIn(self.looks(0.1), range(10, 20))
        self.assertIn(self.looks(2.0), range(5, 12))

    def test_whoever_was_removed_is_asked_no_more(self):
        self.master.add_builder("eve", manual=True)
        self.master.run(3, "slave_scanner")
        self.master.set_builder("eve", date_removed=self.master.now())
        asked = len(self.master.slaves["eve"].calls)
        self.master.run(60, "slave_scanner")
        self.assertEqual(asked, len(self.master.slaves["eve"].calls))
