"""Which sources are wanted: those that hold up builds, the most urgent first."""

from sqlalchemy import event, select, update
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.queue.dispatching import UNFETCHED
from buildmaster.model.mirrors.sourcefiles import wanted_sources
from buildmaster.model.tables.archive import SourcePackageReleaseFile
from buildmaster.model.tables.builds import BuildQueue
from tests.support.databases import postgresql_farm_url
from tests.support.rows import NOW, Place, a_build, a_builder, a_database


class WantedCase:
    """What holds on either database."""

    url = None

    def setUp(self):
        self.transactions = a_database(self, self.url and self.url())
        self.place = None

    def add(self, session, name, scores, reason=UNFETCHED):
        """Let builds of a source wait, one with each score; return the source's id."""
        self.place = self.place or Place(session)
        publication = self.place.publish(name)
        session.execute(update(SourcePackageReleaseFile).values(file_id=None))
        for score, architecture in zip(scores, self.place.series.architectures, strict=False):
            entry = a_build(session, publication, architecture).entry
            entry.lastscore, entry.reason = score, reason
        session.flush()
        return publication.release_id

    def wanted(self, session, limit=10, busy=()):
        return [source.release_id for source in wanted_sources(session, limit, busy)]

    def check(self, work):
        self.transactions.write(work)

    def plan(self, word, before="SELECT 1"):
        """Return how the database finds the sources."""
        asked = []
        event.listen(self.transactions.engine, "before_cursor_execute", lambda *args: asked.append(args[2:4]))
        self.transactions.read(wanted_sources, 3, [1])
        statement, values = next(row for row in asked if "substr" in row[0])

        def explain(session):
            session.connection().exec_driver_sql(before)
            return session.connection().exec_driver_sql(f"{word} {statement}", values).all()

        return "\n".join(row[-1] for row in self.transactions.read(explain))

    def test_the_most_urgent_come_first_each_once(self):
        def work(session):
            low, high, both = (self.add(session, *row) for row in (("a", [5]), ("b", [50]), ("c", [9, 7])))
            self.assertEqual([high, both, low], self.wanted(session))
            self.assertEqual([high, both], self.wanted(session, limit=2))
            self.assertEqual([], self.wanted(session, limit=0))

        self.check(work)

    def test_of_equal_ones_the_older_build_is_first(self):
        def work(session):
            first, second = (self.add(session, name, [5, 5]) for name in "ab")
            self.assertEqual([first, second], self.wanted(session, limit=2))

        self.check(work)

    def test_the_busy_are_left_alone(self):
        def work(session):
            first, second = (self.add(session, name, [5, 5]) for name in "ab")
            self.assertEqual([second], self.wanted(session, busy={first}))
            self.assertEqual([], self.wanted(session, busy={first, second}))

        self.check(work)

    def test_a_failure_keeps_a_source_wanted_and_another_reason_does_not(self):
        def work(session):
            failed = self.add(session, "a", [5], reason=f"{UNFETCHED}: refused")
            self.add(session, "b", [5], reason="its archive is disabled")
            self.add(session, "c", [5], reason=None)
            self.assertEqual([failed], self.wanted(session))

        self.check(work)

    def test_a_build_that_a_builder_holds_waits_for_nothing(self):
        def work(session):
            self.add(session, "a", [5])
            held = {"builder_id": a_builder(session).id, "buildstart": NOW}
            session.execute(update(BuildQueue).values(**held))
            self.assertEqual([], self.wanted(session))

        self.check(work)

    def test_the_files_are_told_that_are_not_there(self):
        def work(session):
            self.add(session, "a", [5])
            names = session.scalars(select(SourcePackageReleaseFile.filename)).all()
            [source] = wanted_sources(session, 1, ())
            self.assertEqual(list(names), [file.filename for file in source.files])
            self.assertEqual("a", source.title.split()[0])

        self.check(work)


class SqliteTests(WantedCase, SynchronousTestCase):
    def test_they_are_found_by_their_index_in_its_order(self):
        plan = self.plan("EXPLAIN QUERY PLAN")
        self.assertIn("ix_buildqueue_sourceless", plan)
        self.assertNotIn("B-TREE", plan)


class PostgresqlTests(WantedCase, SynchronousTestCase):
    url = staticmethod(postgresql_farm_url)

    def test_they_are_found_by_their_index(self):
        off = "SET LOCAL enable_seqscan = off"  # or it reads the whole of a table that is as small as this
        self.assertIn("ix_buildqueue_sourceless", self.plan("EXPLAIN", before=off))
