"""What is recorded of the results of builds: many at once as each alone."""

from contextlib import contextmanager

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.orm import Session
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.uploads.binaries import BinaryPackage
from buildmaster.farm.vocabulary.archives import Publishing
from buildmaster.farm.vocabulary.contents import Content
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.tables.archive import BinaryPackageRelease, BinaryPublication
from buildmaster.model.tables.builds import Attempt, Build
from buildmaster.model.uploads.results import Results, record_results, states_of_attempts, uploading
from tests.support.databases import postgresql_farm_url
from tests.support.rows import NOW, a_binary, a_database
from tests.support.uploading import builds_that_wait, leaf_of

S = BuildState
OTHER = "is already in the archive, with other content."
ALIKE, UNLIKE = "a" * 64, "b" * 64


def a_package(name, sha256=ALIKE, architecture="i386"):
    return BinaryPackage(
        filename=f"{name}.deb",
        content=Content(sha256, "0" * 40, 3),
        name=name,
        version="1.0-1",
        kind="deb",
        architecture=architecture,
        component="universe",
        section="devel",
        priority="optional",
        provides="",
        control=f"Package: {name}\n",
    )


def results_of(attempt, *packages, **digests):
    digests = {f"{name}.changes": sha256 for name, sha256 in digests.items()}
    return Results(attempt, packages, digests | {each.filename: each.content.sha256 for each in packages}, NOW)


def recorded(session):
    """Return all that is recorded, without ids."""
    session.expire_all()
    return {
        "builds": [row.buildstate for row in session.query(Build).order_by(Build.id)],
        "attempts": [(row.state, row.buildlog.filename) for row in session.query(Attempt).order_by(Attempt.id)],
        "published": sorted(
            (row.release.build_id, row.release.name, row.release.file.filename, row.release.file.sha256,
             row.release.file.archive_id, row.archive.reference, row.architecture.architecturetag, row.component)
            for row in session.query(BinaryPublication)
        ),
    }  # fmt: skip


class RecordingTests(SynchronousTestCase):
    url = staticmethod(lambda: None)  # SQLite's

    def setUp(self):
        self.transactions = a_database(self, self.url())
        self.transactions.write(builds_that_wait)
        self.waiting = self.transactions.read(uploading, 0, 10)

    def record(self, *items):
        return self.transactions.write(record_results, items)

    def recorded(self):
        return self.transactions.read(recorded)

    def test_each_is_published_where_its_build_is_for(self):
        first, second, *_ = self.waiting
        self.assertEqual(
            [(), ()], self.record(results_of(first, a_package("a")), results_of(second, a_package("b", UNLIKE)))
        )
        found = self.recorded()
        self.assertEqual([S.FULLYBUILT] * 2 + [S.UPLOADING] * 2, found["builds"])
        self.assertEqual((S.FULLYBUILT, "buildlog_x.hello0_1_FULLYBUILT.txt.gz"), found["attempts"][0])
        self.assertEqual((S.UPLOADING, "buildlog_x.hello2_1_UPLOADING.txt.gz"), found["attempts"][2])
        self.assertEqual(
            [
                (first.build_id, "a", "a.deb", ALIKE, first.archive_id, "~cprov/ubuntu/ppa", "i386", "universe"),
                (second.build_id, "b", "b.deb", UNLIKE, second.archive_id, "ubuntu", "i386", "universe"),
            ],
            found["published"],
        )

    def test_what_is_for_all_is_published_on_each_architecture(self):
        self.record(results_of(self.waiting[0], a_package("a", architecture="all"), a_package("b")))
        self.assertEqual(
            [("a", "amd64"), ("a", "i386"), ("b", "i386")], [(row[1], row[6]) for row in self.recorded()["published"]]
        )

    def test_two_that_bring_one_name_with_other_content_into_one_archive_contradict_each_other(self):
        first, elsewhere, third, _ = self.waiting
        self.assertEqual(
            [(), (), (f"a.deb {OTHER}",)],
            self.record(
                results_of(first, a_package("a")),
                results_of(elsewhere, a_package("a", UNLIKE)),
                results_of(third, a_package("a", UNLIKE)),
            ),
        )
        self.assertEqual([S.FULLYBUILT, S.FULLYBUILT, S.UPLOADING, S.UPLOADING], self.recorded()["builds"])

    def test_the_same_content_may_come_twice(self):
        first, _, third, _ = self.waiting
        self.assertEqual([(), ()], self.record(*(results_of(each, a_package("a")) for each in (first, third))))
        self.assertEqual(2, self.transactions.read(lambda session: session.query(BinaryPackageRelease).count()))

    def test_a_name_that_the_archive_has_means_one_content_for_ever(self):
        def publish(session):
            a_binary(session, session.get(Build, self.waiting[0].build_id), "old", status=Publishing.SUPERSEDED)

        self.transactions.write(publish)
        first, elsewhere, *_ = self.waiting
        self.assertEqual(
            [(f"old.deb {OTHER}",), ()],
            self.record(*(results_of(each, a_package("old", UNLIKE)) for each in (first, elsewhere))),
        )

    def test_who_comes_late_changes_nothing(self):
        def end(session):
            session.query(Attempt).filter_by(id=self.waiting[0].attempt_id).update({"state": S.CANCELLED})
            session.query(Build).filter_by(id=self.waiting[1].build_id).update({"buildstate": S.SUPERSEDED})

        self.transactions.write(end)
        before = self.recorded()
        self.assertEqual([None, None], self.record(*(results_of(each, a_package("a")) for each in self.waiting[:2])))
        self.assertEqual(before, self.recorded())

    def test_many_take_as_many_statements_as_one(self):
        with self.counted() as one:
            self.record(results_of(self.waiting[0], a_package("a")))
        with self.counted() as three:
            self.record(*(results_of(each, a_package("b"), a_package("c")) for each in self.waiting[1:]))
        self.assertEqual(len(one), len(three))

    @contextmanager
    def counted(self):
        asked = []
        note = lambda _, __, statement, *more: asked.append(statement)  # noqa: E731
        event.listen(self.transactions.engine, "before_cursor_execute", note)
        yield asked
        event.remove(self.transactions.engine, "before_cursor_execute", note)


class RecordingOnPostgresqlTests(RecordingTests):
    url = staticmethod(postgresql_farm_url)


packages = st.builds(
    a_package, st.sampled_from("abc"), st.sampled_from([ALIKE, UNLIKE]), st.sampled_from(["i386", "all"])
)
brought = st.lists(packages, min_size=1, max_size=3, unique_by=lambda package: package.name)
changes = st.dictionaries(st.sampled_from("xa"), st.sampled_from([ALIKE, UNLIKE]))


class TogetherTests(SynchronousTestCase):
    def setUp(self):
        self.transactions = a_database(self)
        self.transactions.write(builds_that_wait)
        self.waiting = self.transactions.read(uploading, 0, 10)

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
    @given(st.permutations(range(4)), st.lists(st.tuples(brought, changes), min_size=1, max_size=4))
    def test_many_at_once_come_to_what_each_alone_comes_to(self, order, what):
        some = [self.waiting[number] for number in order]
        items = [results_of(each, *mine, **other) for each, (mine, other) in zip(some, what, strict=False)]
        together = self.tried(lambda session: record_results(session, items))
        alone = self.tried(lambda session: [record_results(session, (item,))[0] for item in items])
        self.assertEqual(alone, together)

    def tried(self, work):
        """Return what the work returns, and what is recorded then; nothing of it stays."""
        with Session(self.transactions.engine) as session:
            return work(session), recorded(session)


class WaitingTests(SynchronousTestCase):
    url = staticmethod(lambda: None)  # SQLite's

    def setUp(self):
        self.transactions = a_database(self, self.url())
        self.transactions.write(builds_that_wait)

    def waiting(self, after=0, most=10):
        return self.transactions.read(uploading, after, most)

    def test_each_says_what_it_must_be_of(self):
        first = self.waiting()[0]
        self.assertEqual((leaf_of(0), "hoary"), (first.leaf, first.suite))
        expected = first.expected
        self.assertEqual(
            ("hello0", "1.0-1", "i386", False, "main"),
            (expected.source, expected.version, expected.tag, expected.arch_indep, expected.component),
        )

    def test_the_component_is_of_the_publication_there(self):
        self.transactions.write(
            lambda session: publication_of(session, "hello1").__setattr__("component", "restricted")
        )
        self.assertEqual(["main", "restricted"], [each.expected.component for each in self.waiting()[:2]])

    def test_some_come_at_a_time(self):
        one, two, three, four = (each.build_id for each in self.waiting())
        self.assertEqual([one, two, three], [each.build_id for each in self.waiting(0, 3)])
        self.assertEqual([three, four], [each.build_id for each in self.waiting(two, 3)])

    def test_what_has_ended_waits_no_more(self):
        self.transactions.write(lambda session: session.query(Attempt).update({"state": S.CANCELLED}))
        self.assertEqual((), self.waiting())

    def test_states_are_told_by_cookies(self):
        found = self.transactions.read(states_of_attempts, ["0-1", "9-9"])
        self.assertEqual({"0-1": (S.UPLOADING, leaf_of(0))}, found)


class WaitingOnPostgresqlTests(WaitingTests):
    url = staticmethod(postgresql_farm_url)


def publication_of(session, name):
    [build] = [build for build in session.query(Build) if build.release.name == name]
    return build.release.publications[0]
