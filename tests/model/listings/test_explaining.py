"""Each waiting build has a reason and a time, and each builder without work has a reason, on either database."""

from datetime import timedelta

from sqlalchemy import delete
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.errors import BuildmasterError
from buildmaster.farm.queue.starts import Start
from buildmaster.model.dispatch.starts import starts
from buildmaster.model.listings.explaining import NEXT, Explanation, explain_build, explain_builders, explain_queue
from buildmaster.model.tables.distribution import PocketChroot
from tests.support.buildrows import a_build, a_builder, a_dispatched_build, an_entry
from tests.support.databases import postgresql_farm_url
from tests.support.rows import NOW, Place, a_database, a_stored_file


class ExplainingTests:
    """What holds on either database."""

    def setUp(self):
        self.transactions = a_database(self, self.url())
        self.transactions.write(self.populate)

    def populate(self, session):
        """Let two builders have one build; four others wait, one of them blocked."""
        place = Place(session, reference="ubuntu")
        i386 = next(row for row in place.series.architectures if row.architecturetag == "i386")
        i386.processor.name = "x86"
        self.bob = a_builder(session, processors=[i386.processor])
        self.frog = a_builder(session, "frog", processors=[i386.processor], manual=True)
        self.ids = []
        for number, score in enumerate((0, 10, 30, 20, 40)):
            release = place.publish(f"source{number}").release
            release.files[0].file = a_stored_file(session)
            build = a_build(session, release, i386, place.archive, estimated_build_duration=600.0)
            self.ids.append(build.id)
            if number == 0:
                a_dispatched_build(session, build, self.bob)
            else:
                an_entry(
                    session, build, lastscore=score, reason="archive closed for stocktaking" if score == 40 else None
                )

    def read(self, work, *args):
        return self.transactions.read(work, *args)

    def waiting(self):
        return [(row.build, row.reason) for row in self.read(explain_queue, 10)]

    def test_each_waiting_build_has_its_reason_in_the_order_of_dispatch(self):
        busy = "waits for an idle trusted x86 builder (1 of 2 building, 1 of 2 in manual mode)"
        _, tenth, thirtieth, twentieth, blocked = self.ids
        self.assertEqual(
            [(blocked, "archive closed for stocktaking"), (thirtieth, busy), (twentieth, busy), (tenth, busy)],
            self.waiting(),
        )
        self.assertEqual(Explanation(twentieth, None, busy), self.read(explain_build, twentieth))

    def test_the_first_is_next_when_a_builder_is_idle(self):
        self.transactions.write(self.set_auto)
        _, tenth, thirtieth, twentieth, _ = self.ids
        self.assertEqual(
            [
                (thirtieth, NEXT),
                (twentieth, "waits for its turn at a trusted x86 builder: 1 before it"),
                (tenth, "waits for its turn at a trusted x86 builder: 2 before it"),
            ],
            self.waiting()[1:],
        )
        self.assertEqual(self.waiting()[3][1], self.read(explain_build, tenth).reason)

    def set_auto(self, session):
        session.get(type(self.frog), self.frog.id).manual = False

    def test_a_block_that_no_turn_has_met_yet_is_told_all_the_same(self):
        self.transactions.write(lambda session: session.execute(delete(PocketChroot)) and None)
        self.assertIn("no chroot for ", self.waiting()[1][1])

    def test_each_builder_without_work_has_its_reason(self):
        self.assertEqual([Explanation(None, "frog", "in manual mode")], self.read(explain_builders))
        self.transactions.write(self.set_auto)
        self.assertEqual([Explanation(None, "frog", "idle: the next turn gives it work")], self.read(explain_builders))

    def test_what_halts_all_is_the_reason_of_what_has_no_other(self):
        self.transactions.write(self.set_auto)
        reasons = [row.reason for row in self.read(explain_queue, 10, "the disk is full")]
        self.assertEqual(["archive closed for stocktaking", *["the disk is full"] * 3], reasons)
        self.assertEqual("the disk is full", self.read(explain_build, self.ids[1], "the disk is full").reason)
        expected = [Explanation(None, "frog", "idle: the disk is full")]
        self.assertEqual(expected, self.read(explain_builders, "the disk is full"))

    def test_what_does_not_wait_is_not_explained(self):
        self.assertRaises(BuildmasterError, self.read, explain_build, self.ids[0])

    def test_a_build_starts_after_those_before_it(self):
        _, tenth, thirtieth, twentieth, blocked = self.ids
        free = NOW + timedelta(seconds=120)  # the running build is overdue
        expected = {
            blocked: None,  # and frog is in manual mode: bob is alone
            thirtieth: Start(free),
            twentieth: Start(free + timedelta(minutes=10)),
            tenth: Start(free + timedelta(minutes=20)),
        }
        self.assertEqual(expected, self.read(starts, NOW))
        self.assertEqual({tenth: expected[tenth]}, self.read(starts, NOW, [tenth, self.ids[0]]))


class SqliteExplainingTests(ExplainingTests, SynchronousTestCase):
    def url(self):
        return None


class PostgresqlExplainingTests(ExplainingTests, SynchronousTestCase):
    def url(self):
        return postgresql_farm_url()
