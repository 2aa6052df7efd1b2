"""The daemon says how it is, and nothing is dispatched onto a full disk."""

import json

from sqlalchemy import text
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.daemon.stalls import INTERVAL, WINDOW, Stall
from buildmaster.farm.notices.sequencerjobs import Trouble
from buildmaster.farm.turns import TurnFacts
from buildmaster.files.disk import Disk, DiskLowError, in_words
from buildmaster.web.health import PATIENCE, Health, Signs
from buildmaster.work.database import InlineDatabase
from buildmaster.work.guarding import Guarded
from tests.support.browser import a_site, ask
from tests.support.commands import CommandFarm

TURN = TurnFacts("dispatcher", 7, under_way=False, age=1.0, due_in=0.5)


class HealthTests(SynchronousTestCase):
    def setUp(self):
        self.farm = CommandFarm(self)
        self.clock = Clock()
        self.late = False
        self.troubles = dict.fromkeys(["dispatcher", "removed"], Trouble("1: no space", 3, 0.0, 600.0))
        self.database = InlineDatabase(self.farm.transactions)

    def site(self, database=None):
        disk = Disk(self.farm.root, 100, lambda _: 1000)
        signs = Signs(lambda: [TURN], lambda: self.late, a_stall(), self.troubles)
        health = Health(self.clock, database or self.database, disk, signs)
        return a_site({"healthz": health})

    def answer(self):
        answer = ask(self.site(), "/healthz")
        return answer.code, json.loads(answer.body)

    def test_all_is_well(self):
        code, found = self.answer()
        self.assertEqual((200, True), (code, found["ready"]))
        self.assertEqual({"free": 1000, "low": False}, found["disk"])
        self.assertEqual(7, found["turns"]["dispatcher"]["turns"])
        self.assertEqual({"worst_seconds": 0.25, "p999_seconds": 0.25}, found["stall"])
        self.assertEqual({"dispatcher": 3}, found["failing"])

    def test_turns_that_do_not_end_in_time_are_no_health(self):
        self.late = True
        code, found = self.answer()
        self.assertEqual((503, False, True), (code, found["ready"], found["late"]))

    def test_a_database_that_fails_is_no_health(self):
        self.database.read = lambda _: InlineDatabase(self.farm.transactions).read(_nonsense)
        code, found = self.answer()
        self.assertEqual((503, {"answers": False, "seconds": None}), (code, found["database"]))

    def test_a_database_that_hangs_is_not_waited_for(self):
        self.database.read = lambda _: Deferred()
        health = self.site().resource.children[b"healthz"]
        delay = Deferred.fromCoroutine(health._database_delay())
        self.clock.advance(PATIENCE)
        self.assertIsNone(self.successResultOf(delay))


def a_stall():
    """Return one that saw the reactor a quarter of a second late."""
    clock = Clock()
    stall = Stall(clock)
    stall.startService()
    clock.advance(INTERVAL + 0.25)
    return stall


def _nonsense(session):
    session.execute(text("SELECT nonsense"))


class DiskTests(SynchronousTestCase):
    def test_too_little_room_is_refused_in_words(self):
        error = self.assertRaises(DiskLowError, Disk("/farm", 1 << 30, lambda _: 5 << 20).check)
        self.assertTrue(str(error).startswith("5 MiB are free below /farm, less than the 1 GiB of [limits] free_space"))

    def test_enough_room_is_no_matter(self):
        disk = Disk("/farm", 100, lambda _: 100)
        disk.check()
        self.assertFalse(disk.low)

    def test_sizes_are_read_by_people(self):
        self.assertEqual(["0 bytes", "1.5 KiB", "2 TiB"], [in_words(0), in_words(1536), in_words(2 << 40)])


class Once:
    """A task that counts its turns."""

    name = "dispatcher"
    turns = 0

    def run(self):
        self.turns += 1


class GuardedTests(SynchronousTestCase):
    def test_a_guarded_task_runs_while_nothing_stands_in_its_way(self):
        task = Once()
        guarded = Guarded(task, Disk("/farm", 100, lambda _: 100).check)
        guarded.run()
        self.assertEqual(("dispatcher", 1), (guarded.name, task.turns))

    def test_and_fails_while_something_does(self):
        task = Once()
        self.assertRaises(DiskLowError, Guarded(task, Disk("/farm", 100, lambda _: 99).check).run)
        self.assertEqual(0, task.turns)


class StallTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.stall = Stall(self.clock)
        self.stall.startService()

    def test_a_reactor_in_time_is_not_stalled(self):
        self.clock.pump([INTERVAL] * 10)
        self.assertEqual(0.0, self.stall.worst)

    def test_the_worst_is_kept_for_a_while(self):
        self.clock.advance(INTERVAL + 2)
        self.clock.pump([INTERVAL] * 10)
        self.assertEqual(2.0, self.stall.worst)
        self.clock.pump([INTERVAL] * int(3 * WINDOW / INTERVAL))
        self.assertEqual(0.0, self.stall.worst)

    def test_a_share_of_the_looks_was_no_later(self):
        for delay in (*[0.0] * 90, *[0.1] * 9, 2.0):
            self.clock.advance(INTERVAL + delay)
        late = [round(self.stall.within(share), 3) for share in (0.5, 0.9, 0.98, 0.999)]
        self.assertEqual([0.0, 0.1, 0.1, 2.0], late)
        self.assertEqual(0.0, Stall(self.clock).within(0.999))

    def test_nothing_is_left_after_the_stop(self):
        self.stall.stopService()
        self.assertEqual([], self.clock.getDelayedCalls())
