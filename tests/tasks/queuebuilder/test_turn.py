"""The queue builder makes what is missing, ends what nobody wants, and keeps scores."""

import tempfile
from datetime import timedelta
from pathlib import Path

from sqlalchemy import event, select, update
from twisted.internet.defer import ensureDeferred
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.queue.scoring import Weights
from buildmaster.farm.vocabulary.archives import Publishing, Purpose
from buildmaster.farm.vocabulary.references import parse_archive
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.files.archspecific import ArchSpecificFiles
from buildmaster.files.dpkgtables import dpkg_tables
from buildmaster.model.register.archives import ArchiveChange, set_archive
from buildmaster.model.tables.archive import SourcePublication
from buildmaster.model.tables.builds import Build, BuildQueue
from buildmaster.model.tables.distribution import DistroArchSeries, PocketChroot
from buildmaster.tasks.queuebuilder.turn import QueueBuilder
from tests.support.contexts import a_context
from tests.support.databases import postgresql_farm_url
from tests.support.rows import NOW, Place, a_database, a_publication, a_release, a_series


class QueueBuilderTests:
    """What holds on either database."""

    url = None

    def setUp(self):
        self.transactions = a_database(self, self.url and self.url())
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.nudges, self.rest = [], 0
        self.time, self.tick = NOW, None
        self.task = QueueBuilder(
            a_context(self.transactions, self.nudges, now=self.now),
            Weights(),
            dpkg_tables(),
            ArchSpecificFiles(self.root),
            self.release,
        )

    def now(self):
        return self.tick() if self.tick else self.time

    async def release(self):
        self.rest += 1
        return 0

    def farm(self, work):
        """Run ``work(place)`` in a transaction, on a new series and archive."""
        return self.transactions.write(lambda session: work(Place(session)))

    def turn(self):
        self.successResultOf(ensureDeferred(self.task.run()))

    def builds(self):
        """Return of each build its tag, state, and score (None when it has no entry)."""
        rows = self.transactions.read(
            lambda session: session.execute(
                select(DistroArchSeries.architecturetag, Build.buildstate, BuildQueue.lastscore)
                .join(Build, Build.distroarchseries_id == DistroArchSeries.id)
                .outerjoin(BuildQueue, BuildQueue.build_id == Build.id)
                .order_by(Build.id),
            ).all(),
        )
        return [tuple(row) for row in rows]

    def change(self, statement):
        self.transactions.write(lambda session: session.execute(statement))

    def test_makes_builds_with_entries_and_scores(self):
        self.farm(lambda place: place.publish())
        self.turn()
        self.assertEqual([("amd64", BuildState.NEEDSBUILD, 4005), ("i386", BuildState.NEEDSBUILD, 4005)], self.builds())
        self.assertEqual(["dispatcher", "queue_builder"], self.nudges)

    def test_new_builds_go_to_builders_before_the_rest_of_the_turn_which_is_not_put_off_twice(self):
        for rest in (0, 1, 1, 2):
            self.farm(lambda place: place.publish())
            self.turn()
            self.assertEqual(rest, self.rest)

    def test_entries_carry_trust_and_processor(self):
        self.transactions.write(lambda session: Place(session, purpose=Purpose.PPA, trusted=False).publish())
        self.turn()
        rows = self.transactions.read(
            lambda session: session.execute(
                select(BuildQueue.is_trusted, BuildQueue.processor_id == DistroArchSeries.processor_id)
                .join(Build, Build.id == BuildQueue.build_id)
                .join(DistroArchSeries, DistroArchSeries.id == Build.distroarchseries_id),
            ).all(),
        )
        self.assertEqual([(False, True), (False, True)], [tuple(row) for row in rows])

    def test_the_nominated_architecture_builds_what_is_for_all(self):
        self.farm(lambda place: place.publish(hint="any all"))
        self.turn()
        rows = self.transactions.read(
            lambda session: session.scalars(select(Build.arch_indep).order_by(Build.id)).all()
        )
        self.assertEqual([False, True], rows)

    def test_a_second_turn_changes_nothing(self):
        self.farm(lambda place: place.publish())
        self.turn()
        before = self.builds()
        self.nudges.clear()
        self.turn()
        self.assertEqual((before, []), (self.builds(), self.nudges))

    def test_a_source_of_two_suites_is_built_once_in_an_archive_and_series(self):
        def twice(place):
            first = place.publish()
            a_publication(place.session, first.release, place.archive, place.series)

        self.farm(twice)
        self.turn()
        self.assertEqual(2, len(self.builds()))

    def test_a_copy_in_another_series_is_built_there_too(self):
        def twice(place):
            first = place.publish(hint="i386")
            other = a_series(place.session, "warty", distribution=place.series.distribution)
            a_publication(place.session, first.release, place.archive, other)

        self.farm(twice)
        self.turn()
        self.assertEqual(["i386", "i386"], [tag for tag, *_ in self.builds()])

    def test_a_chroot_that_comes_later_brings_the_build(self):
        self.farm(lambda place: place.publish())
        chroots = self.transactions.read(
            lambda session: session.execute(select(PocketChroot.__table__)).mappings().all()
        )
        self.change(PocketChroot.__table__.delete())
        self.turn()
        self.assertEqual([], self.builds())
        self.transactions.write(
            lambda session: session.execute(PocketChroot.__table__.insert(), list(map(dict, chroots)))
        )
        self.change(update(SourcePublication).values(examined=False))
        self.turn()
        self.assertEqual(2, len(self.builds()))

    def test_a_source_that_went_away_supersedes_its_waiting_builds(self):
        self.farm(lambda place: place.publish())
        self.turn()
        self.change(update(Build).where(Build.arch_indep).values(buildstate=BuildState.FULLYBUILT))
        self.change(update(SourcePublication).values(status=Publishing.DELETED, examined=False))
        self.turn()
        self.assertEqual(
            [("amd64", BuildState.SUPERSEDED, None), ("i386", BuildState.FULLYBUILT, 4005)],
            self.builds(),
        )

    def test_a_source_still_published_in_another_pocket_keeps_its_builds(self):
        def twice(place):
            first = place.publish()
            a_publication(place.session, first.release, place.archive, place.series, status=Publishing.SUPERSEDED)

        self.farm(twice)
        self.turn()
        self.assertEqual({BuildState.NEEDSBUILD}, {state for _, state, _ in self.builds()})

    def test_arch_specific_files_are_followed_when_they_change(self):
        (self.root / "Packages-arch-specific").write_text("%pmount: i386\nnonsense\n")
        self.farm(lambda place: place.publish())
        self.turn()
        self.assertEqual(["i386"], [tag for tag, *_ in self.builds()])
        (self.root / "Packages-arch-specific").write_text("%pmount: i386 amd64\n")
        self.turn()
        self.assertEqual(["i386", "amd64"], [tag for tag, *_ in self.builds()])

    def test_a_series_own_file_wins(self):
        (self.root / "Packages-arch-specific").write_text("%pmount: i386\n")
        name = self.farm(lambda place: place.publish().series.distribution.name)
        (self.root / f"Packages-arch-specific.{name}.hoary").write_text("%pmount: amd64\n")
        self.turn()
        self.assertEqual(["amd64"], [tag for tag, *_ in self.builds()])

    def test_scores_rise_when_an_age_step_is_over(self):
        self.farm(lambda place: place.publish())
        self.turn()
        self.time = NOW + timedelta(seconds=300)
        self.turn()
        self.assertEqual({4005}, {score for *_, score in self.builds()})
        self.time = NOW + timedelta(seconds=301)
        self.turn()
        self.assertEqual({4010}, {score for *_, score in self.builds()})
        self.time = NOW + timedelta(days=2)
        self.turn()
        self.assertEqual({4105}, {score for *_, score in self.builds()})

    def test_scores_are_worked_out_anew_on_demand_but_not_those_set_by_hand(self):
        self.farm(lambda place: place.publish())
        self.turn()
        self.change(update(BuildQueue).values(lastscore=7, score_step=None, manual=BuildQueue.id == 1))
        self.turn()
        self.assertEqual([7, 4005], [score for *_, score in self.builds()])

    def test_a_score_set_to_nothing_stays_until_the_next_step(self):
        self.farm(lambda place: place.publish())
        self.turn()
        self.change(update(BuildQueue).values(lastscore=0))
        self.turn()
        self.assertEqual({0}, {score for *_, score in self.builds()})

    def test_an_archive_that_is_trusted_now_is_built_where_it_may(self):
        def untrusted(session):
            place = Place(session, reference="ubuntu", trusted=False)
            place.series.architectures[0].supports_untrusted = False
            place.publish()

        self.transactions.write(untrusted)
        self.turn()
        self.assertEqual(["i386"], [tag for tag, *_ in self.builds()])
        self.transactions.write(set_archive, parse_archive("ubuntu"), ArchiveChange(trusted=True), NOW, "secret")
        self.turn()
        self.assertEqual(["i386", "amd64"], [tag for tag, *_ in self.builds()])

    def test_estimates_follow_the_last_success_or_else_the_size(self):
        def three(place):
            place.publish("old", size=6 * 1024 * 60 * 3)
            a_release(place.session, place.archive, place.series, "old", "0.9-1")

        self.farm(three)
        self.turn()
        self.assertEqual({240.0}, self.estimates())
        self.change(update(Build).values(buildstate=BuildState.FULLYBUILT, buildduration=77.0, datebuilt=NOW))
        self.change(update(SourcePublication).values(release_id=2, examined=False))
        self.turn()
        self.assertEqual({240.0, 77.0}, self.estimates())

    def estimates(self):
        rows = self.transactions.read(lambda session: session.scalars(select(Build.estimated_build_duration)).all())
        return set(rows)

    def test_warns_once_of_a_component_without_a_weight(self):
        self.farm(lambda place: place.publish(component="contrib"))
        lines = []
        self.task.log = type("Log", (), {"warn": lambda _, *a, **k: lines.append(k), "info": lambda *a, **k: None})()
        self.turn()
        self.change(update(SourcePublication).values(examined=False))
        self.turn()
        self.assertEqual([{"component": "contrib"}], lines)

    def test_a_long_job_is_cut_into_turns(self):
        self.farm(lambda place: [place.publish(f"source{number}") for number in range(90)])
        times = iter(range(1000))
        self.tick = lambda: NOW + timedelta(seconds=next(times))
        self.turn()
        self.assertEqual(80, len(self.builds()))
        self.assertIn("queue_builder", self.nudges)
        self.turn()
        self.turn()
        self.assertEqual(180, len(self.builds()))


class SqliteTests(QueueBuilderTests, SynchronousTestCase):
    def test_an_unchanged_archive_costs_few_statements_whatever_its_size(self):
        self.farm(lambda place: [place.publish(f"source{number}") for number in range(20)])
        self.turn()
        statements = []
        event.listen(self.transactions.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
        self.turn()
        self.assertLess(len(statements), 10, statements)

    def test_an_unchanged_archive_is_looked_up_in_indices_that_hold_changes_only(self):
        self.farm(lambda place: place.publish())
        self.turn()
        statements = []
        event.listen(self.transactions.engine, "before_cursor_execute", lambda *args: statements.append(args[2:4]))
        self.turn()
        plans = [self.plan(*statement) for statement in statements if statement[0].startswith("SELECT")]
        indices = ("ix_sourcepublication_unbuilt", "ix_buildqueue_ageing")
        for table, index in zip(("sourcepublication", "buildqueue"), indices, strict=True):
            mine = [plan for plan in plans if f" {table} " in plan and "PRIMARY KEY" not in plan.split(table)[0]]
            self.assertTrue(mine, plans)
            self.assertEqual([], [plan for plan in mine if index not in plan])

    def plan(self, statement, values):
        with self.transactions.engine.connect() as connection:
            return str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all())


class PostgresqlTests(QueueBuilderTests, SynchronousTestCase):
    url = staticmethod(postgresql_farm_url)
