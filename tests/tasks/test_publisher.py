"""The publisher publishes what waits, and supersedes what that replaces."""

import itertools

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.publishing.dominating import PublishedBinary, replaced
from buildmaster.farm.vocabulary.archives import Pocket, Publishing
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.farm.vocabulary.versions import is_version, version_key
from buildmaster.model.tables.archive import (
    BinaryPackageRelease,
    BinaryPublication,
    SourcePackageReleaseFile,
    SourcePublication,
)
from buildmaster.tasks.publisher import ANEW, Publisher
from tests.support.contexts import a_context
from tests.support.databases import postgresql_farm_url
from tests.support.rows import NOW, Place, a_build, a_database, a_stored_file

HERE = (1, 1, 0, "deb", "hello")
P = Publishing


def a_binary(session, place, version, architecture, name="hello", **columns):
    """Add a binary that waits to be published on an architecture."""
    publication = place.publish(name, version)
    build = a_build(session, publication, architecture, BuildState.FULLYBUILT)
    release = BinaryPackageRelease(
        build_id=build.id, name=name, version=version, kind="deb", architecture="i386", component="main",
        section="devel", priority="optional", control="", file=a_stored_file(session),
    )  # fmt: skip
    session.add(release)
    session.flush()
    columns = {"pocket": Pocket.RELEASE, "status": P.PENDING, **columns}
    session.add(BinaryPublication(
        release_id=release.id, archive_id=place.archive.id, distroarchseries_id=architecture.id, component="main",
        section="devel", priority="optional", date_created=NOW, **columns,
    ))  # fmt: skip


class PublisherTests(SynchronousTestCase):
    url = staticmethod(lambda: None)  # SQLite's

    def setUp(self):
        self.transactions = a_database(self, self.url())
        self.nudged = []

    def turn(self):
        publisher = Publisher(a_context(self.transactions, self.nudged))
        self.successResultOf(Deferred.fromCoroutine(publisher.run()))

    def states(self, table):
        return self.transactions.read(
            lambda session: [(row.release.name, row.release.version, row.status)
                             for row in session.query(table).order_by(table.id)],
        )  # fmt: skip

    def test_a_source_whose_files_are_there_is_published(self):
        def add(session):
            place = Place(session)
            place.publish("fetched").release.files[0].file_id = a_stored_file(session).id
            place.publish("unfetched")

        self.transactions.write(add)
        self.turn()
        self.assertEqual(
            [("fetched", "1.0-1", P.PUBLISHED), ("unfetched", "1.0-1", P.PENDING)], self.states(SourcePublication)
        )
        self.assertEqual(["queue_builder", "dispatcher"], self.nudged)

    def test_a_later_binary_replaces_an_earlier_one_in_its_place(self):
        def add(session):
            place = Place(session)
            amd64, i386 = place.series.architectures
            a_binary(session, place, "1.0-2", i386, status=P.PUBLISHED)
            a_binary(session, place, "1.0-10", i386)
            a_binary(session, place, "1.0-1", amd64)
            a_binary(session, place, "1.0-0", i386, pocket=Pocket.PROPOSED)
            a_binary(session, place, "1.0-0", i386, "other")

        self.transactions.write(add)
        self.turn()
        expected = [
            ("hello", "1.0-2", P.SUPERSEDED),
            ("hello", "1.0-10", P.PUBLISHED),
            ("hello", "1.0-1", P.PUBLISHED),
            ("hello", "1.0-0", P.PUBLISHED),
            ("other", "1.0-0", P.PUBLISHED),
        ]
        self.assertEqual(expected, self.states(BinaryPublication))

    def test_one_that_comes_too_late_replaces_nothing(self):
        def add(session):
            place = Place(session)
            i386 = place.series.architectures[0]
            a_binary(session, place, "2.0", i386, status=P.PUBLISHED)
            a_binary(session, place, "1.0", i386)

        self.transactions.write(add)
        self.turn()
        self.assertEqual(
            [("hello", "2.0", P.PUBLISHED), ("hello", "1.0", P.SUPERSEDED)], self.states(BinaryPublication)
        )

    def test_more_than_a_batch_is_published_in_one_turn(self):
        def add(session):
            place = Place(session)
            a_binary(session, place, "1.0", place.series.architectures[0])
            row = session.query(BinaryPublication).one()
            for number in range(450):
                columns = {column.key: getattr(row, column.key) for column in BinaryPublication.__table__.columns}
                session.add(BinaryPublication(**{**columns, "id": number + 2}))

        self.transactions.write(add)
        self.turn()
        states = [status for _, _, status in self.states(BinaryPublication)]
        self.assertEqual([P.SUPERSEDED] * 450 + [P.PUBLISHED], states)

    def test_nothing_to_do_wakes_nobody(self):
        self.turn()
        self.assertEqual([], self.nudged)

    def test_binaries_wake_nobody_while_no_build_waits_for_dependencies(self):
        self.transactions.write(
            lambda session: a_binary(session, place := Place(session), "1", place.series.architectures[0])
        )
        self.turn()
        self.assertEqual([], self.nudged)

    def test_binaries_wake_who_looks_after_builds_that_wait_for_dependencies(self):
        def add(session):
            place = Place(session)
            a_binary(session, place, "1", place.series.architectures[0])
            a_build(session, place.publish("waiting"), place.series.architectures[0], BuildState.MANUALDEPWAIT)

        self.transactions.write(add)
        self.turn()
        self.assertEqual(["queue_builder"], self.nudged)

    def test_what_waits_for_its_files_is_looked_at_again_after_a_while(self):
        self.transactions.write(lambda session: Place(session).publish("unfetched").id)
        time = [NOW]
        publisher = Publisher(a_context(self.transactions, self.nudged, now=lambda: time[0]))
        turn = lambda: self.successResultOf(Deferred.fromCoroutine(publisher.run()))  # noqa: E731
        turn()

        def fetch(session):
            session.query(SourcePackageReleaseFile).one().file_id = a_stored_file(session).id
            Place(session).publish("new").release.files[0].file_id = a_stored_file(session).id

        self.transactions.write(fetch)
        states = []
        for time[0] in (NOW + ANEW / 2, NOW + ANEW):
            turn()
            states.append([status for *_, status in self.states(SourcePublication)])
        self.assertEqual([[P.PENDING, P.PUBLISHED], [P.PUBLISHED, P.PUBLISHED]], states)

    def test_a_turn_takes_as_many_statements_for_many_as_for_one(self):
        def add(session, count):
            place = Place(session)
            for number in range(count):
                a_binary(session, place, "1", place.series.architectures[0], f"hello{number}")

        statements = []
        for count in (1, 50):
            self.transactions.write(add, count)
            asked = []
            note = lambda *args, asked=asked: asked.append(args)  # noqa: E731
            event.listen(self.transactions.engine, "before_cursor_execute", note)
            self.turn()
            event.remove(self.transactions.engine, "before_cursor_execute", note)
            statements.append(len(asked))
        self.assertEqual(statements[0], statements[1])


class PublisherOnPostgresqlTests(PublisherTests):
    url = staticmethod(postgresql_farm_url)


class ReplacedTests(SynchronousTestCase):
    def test_each_place_is_on_its_own(self):
        elsewhere = (1, 2, 0, "deb", "hello")
        self.assertEqual({1}, replaced([PublishedBinary(1, HERE, "1"), PublishedBinary(2, HERE, "2"),
                                        PublishedBinary(3, elsewhere, "1")]))  # fmt: skip

    @given(
        st.lists(
            st.tuples(
                st.sampled_from([HERE, (2, 1, 0, "deb", "hello")]), st.sampled_from(["1", "1.0", "2~rc", "2", "?"])
            )
        )
    )
    def test_the_latest_of_each_place_stays_alone(self, rows):
        binaries = [PublishedBinary(number, *row) for number, row in enumerate(rows)]
        gone = replaced(binaries)
        stay = {binary.place: binary for binary in binaries if binary.id not in gone}
        self.assertEqual(len(binaries) - len(gone), len(stay))
        self.assertEqual({binary.place for binary in binaries}, set(stay))
        for binary, other in itertools.product(stay.values(), binaries):
            if binary.place == other.place and is_version(other.version):
                self.assertGreaterEqual(version_key(binary.version), version_key(other.version))
