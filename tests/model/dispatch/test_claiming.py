"""Waiting builds are given to idle builders: in one transaction, each once, whoever claims at the same time."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import event
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.builders.states import CleanStatus
from buildmaster.farm.vocabulary.archives import Publishing
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.dispatch.claiming import candidates, claim, idle_builders
from buildmaster.model.tables.archive import Archive, SourcePublication
from buildmaster.model.tables.builders import Builder
from buildmaster.model.tables.builds import Attempt, Build, BuildQueue
from buildmaster.work.transactions import Transactions, make_engine
from tests.support.databases import postgresql_farm_url
from tests.support.rows import NOW, Place, a_build, a_builder, a_database, a_stored_file

CLEAN = {"clean_status": CleanStatus.CLEAN}


def a_farm(session, builders, builds):
    """Add so many idle builders and waiting builds; return the ids of both."""
    place = Place(session)
    architecture = place.series.architectures[0]
    file = a_stored_file(session, "pmount_1.0-1.dsc")
    builder_ids = [a_builder(session, processors=[architecture.processor], **CLEAN).id for _ in range(builders)]
    build_ids = []
    for number in range(builds):
        publication = place.publish(f"pmount{number}")
        for source in publication.release.files:
            source.file = file
        build_ids.append(a_build(session, publication, architecture).id)
    return builder_ids, build_ids


class ClaimTests(SynchronousTestCase):
    def farm(self, builders=1, builds=1):
        self.transactions = a_database(self)
        self.write = self.transactions.write
        self.builders, self.builds = self.write(a_farm, builders, builds)

    def claim(self, away=(), room=32):
        return self.write(claim, NOW, away, room)

    def given(self):
        """Return who holds what: {builder: build}."""
        live = lambda session: session.query(Attempt).filter(Attempt.finished.is_(None))  # noqa: E731
        return self.transactions.read(lambda session: {a.builder_id: a.build_id for a in live(session)})

    def change(self, kind, **columns):
        self.write(
            lambda session: [setattr(row, *item) for row in session.query(kind) for item in columns.items()] and None
        )

    def test_a_claim_is_attempt_entry_build_and_builder_at_once(self):
        self.farm()
        claims = self.claim()
        attempt, entry, build, builder = self.transactions.read(
            lambda session: [session.query(kind).one() for kind in (Attempt, BuildQueue, Build, Builder)],
        )
        self.assertEqual((attempt.id,), claims.attempt_ids)
        self.assertEqual((f"{build.id}-{entry.id}", 1, NOW, None, BuildState.BUILDING),
                         (attempt.cookie, attempt.number, attempt.started, attempt.accepted, attempt.state))  # fmt: skip
        self.assertEqual((builder.id, NOW), (entry.builder_id, entry.buildstart))
        self.assertEqual((BuildState.BUILDING, builder.id), (build.buildstate, build.builder_id))
        self.assertEqual((CleanStatus.DIRTY, NOW), (builder.clean_status, builder.clean_since))

    def test_nobody_gets_two(self):
        self.farm(builders=2, builds=5)
        self.claim()
        self.assertEqual((), self.claim().attempt_ids)
        self.assertEqual(dict(zip(self.builders, self.builds[:2], strict=True)), self.given())

    def test_the_second_attempt_has_its_number_in_its_cookie(self):
        self.farm()
        self.claim()

        def again(session):
            session.query(Attempt).one().finished = NOW
            entry = session.query(BuildQueue).one()
            entry.builder_id = entry.buildstart = None
            session.query(Builder).one().clean_status = CleanStatus.CLEAN
            return f"{entry.build_id}-{entry.id}-2"

        cookie = self.write(again)
        self.claim()
        cookies = self.transactions.read(lambda session: [attempt.cookie for attempt in session.query(Attempt)])
        self.assertEqual(cookie, cookies[1])

    def test_who_is_away_hindered_or_beyond_the_room_gets_nothing(self):
        self.farm(builders=2, builds=2)
        self.assertEqual((), self.claim(away=self.builders).attempt_ids)
        self.assertEqual((), self.claim(room=0).attempt_ids)
        for columns in ({"builderok": False}, {"manual": True}, {"silent_scans": 1}, {"clean_status": CleanStatus.DIRTY},
                        {"trusted": False}, {"date_removed": NOW}):  # fmt: skip
            before = {
                "builderok": True,
                "manual": False,
                "silent_scans": 0,
                "trusted": True,
                "date_removed": None,
                **CLEAN,
            }
            self.change(Builder, **{**before, **columns})
            self.assertEqual((), self.claim().attempt_ids, columns)
        self.change(Builder, **before)
        self.assertEqual(1, len(self.claim(room=1).attempt_ids))

    def test_a_blocked_head_lets_those_behind_it_pass_and_has_its_reason(self):
        self.farm(builders=1, builds=1)

        def block(session):
            other = Place(session, enabled=False)
            first = session.query(Build).one()
            publication = other.publish("blocked")
            build = a_build(session, publication, first.architecture)
            build.entry.lastscore, build.entry.is_trusted = 9999, True
            return build.id

        blocked = self.write(block)
        self.claim()
        self.assertEqual(self.builds, list(self.given().values()))
        reason = self.transactions.read(lambda session: session.get(Build, blocked).entry.reason)
        self.assertRegex(reason, "^archive archive[0-9]+ is disabled$")

    def test_what_is_published_no_more_is_superseded(self):
        self.farm(builders=1, builds=2)

        def supersede(session):
            gone = session.get(Build, self.builds[0]).sourcepackagerelease_id
            session.query(SourcePublication).filter_by(release_id=gone).one().status = Publishing.SUPERSEDED

        self.write(supersede)
        claims = self.claim()
        self.assertEqual((self.builds[0],), claims.superseded)
        self.assertEqual([self.builds[1]], list(self.given().values()))
        build = self.transactions.read(
            lambda session: (session.get(Build, self.builds[0]), session.query(BuildQueue).count())
        )
        self.assertEqual((BuildState.SUPERSEDED, 1), (build[0].buildstate, build[1]))

    def test_more_blocked_ones_than_a_turn_looks_at_are_left_to_the_next(self):
        self.farm(builders=1, builds=3)
        self.change(Archive, enabled=False)
        self.assertEqual((), self.claim().attempt_ids)
        reasons = self.transactions.read(lambda session: {entry.reason is None for entry in session.query(BuildQueue)})
        self.assertEqual({False}, reasons)

    def test_many_builders_cost_as_many_statements_as_few(self):
        counts = []
        for builders in (2, 20):
            self.farm(builders, builds=builders + 5)
            with statements(self.transactions) as found:
                claims = self.claim()
            self.assertEqual(builders, len(claims.attempt_ids))
            counts.append(len(found))
        self.assertEqual(counts[0], counts[1])

    def test_a_turn_without_an_idle_builder_asks_once(self):
        self.farm(builders=2, builds=5)
        self.claim()
        with statements(self.transactions) as found:
            self.claim()
        self.assertEqual(["BEGIN", "SELECT"], [statement.split()[0] for statement in found])

    def test_an_entry_waits_for_a_builder_that_is_not_idle_if_the_idle_one_failed_it(self):
        self.farm(builders=2, builds=1)
        self.change(BuildQueue, shunned_id=self.builders[0])
        self.assertEqual((), self.claim(away=self.builders[1:]).attempt_ids)
        self.claim()
        self.assertEqual({self.builders[1]: self.builds[0]}, self.given())


class IdleTests(SynchronousTestCase):
    def test_the_idle_ones_are_the_candidates_without_a_hindrance(self):
        for url in (None, postgresql_farm_url()):
            transactions = a_database(self, url)
            away = transactions.write(self.farm)
            everybody, idle = transactions.read(candidates, away), transactions.read(idle_builders, away)
            self.assertEqual(
                {builder for builder in everybody if builder.hindrance is None and builder.processors}, {*idle}
            )
            self.assertEqual(6, len(idle))

    def farm(self, session):
        """Add builders of all kinds; return the ids of those that are away."""
        _, builds = a_farm(session, 4, 4)
        processors = [session.get(Build, builds[0]).processor, Place(session).series.architectures[0].processor]
        facts = [
            {"builderok": True, "manual": False, "silent_scans": 0, "date_removed": None, "trusted": True, **CLEAN}
        ]
        changes = {"builderok": False, "manual": True, "silent_scans": 2, "date_removed": NOW, "trusted": False}
        changes["clean_status"] = CleanStatus.CLEANING
        facts += [{**facts[0], key: value} for key, value in changes.items()]
        rows = [a_builder(session, processors=some, **row) for row in facts for some in (processors, processors[1:])]
        building, away = rows[0], rows[1]
        entry = session.get(Build, builds[0]).entry
        entry.builder, entry.buildstart = building, NOW
        a_builder(session, **CLEAN)
        return {away.id}


@contextmanager
def statements(transactions):
    """Give the list of the statements that are carried out."""
    found = []

    def note(_connection, _cursor, statement, *_):
        found.append(statement)

    event.listen(transactions.engine, "before_cursor_execute", note)
    yield found
    event.remove(transactions.engine, "before_cursor_execute", note)


class RaceTests(SynchronousTestCase):
    """Several masters claim at the same time."""

    def race(self, url):
        transactions = a_database(self, url)
        builders, builds = transactions.write(a_farm, 6, 12)
        masters = [Transactions(make_engine(str(url or transactions.engine.url))) for _ in range(4)]

        def turns(master):
            found = [master.write(claim, NOW + timedelta(seconds=turn), (), 2).attempt_ids for turn in range(6)]
            master.engine.dispose()
            return sum(found, ())

        with ThreadPoolExecutor(4) as threads:
            found = sum(threads.map(turns, masters), ())
        rows = transactions.read(lambda session: [(a.id, a.builder_id, a.build_id) for a in session.query(Attempt)])
        self.assertEqual(sorted(row[0] for row in rows), sorted(found))
        self.assertEqual(sorted(builders), sorted(row[1] for row in rows))
        self.assertEqual(builds[:6], sorted(row[2] for row in rows))

    def test_on_sqlite_each_is_given_once(self):
        self.race(None)

    def test_on_postgresql_each_is_given_once(self):
        self.race(postgresql_farm_url())
