"""Rows that contradict each other are found."""

from sqlalchemy import delete, select, update

from buildmaster.farm.builders.states import CleanStatus
from buildmaster.farm.vocabulary.references import parse_archive
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.maintenance.invariants import broken_invariants
from buildmaster.model.register.archives import ArchiveChange, set_archive
from buildmaster.model.tables.archive import Archive, BinaryPackageRelease
from buildmaster.model.tables.builders import Builder
from buildmaster.model.tables.builds import Attempt, Build, BuildQueue
from tests.support.onebuild import OneBuildTestCase
from tests.support.rows import NOW, a_stored_file, an_attempt


class InvariantTests(OneBuildTestCase):
    def broken(self, kept=True):
        return [finding.what for finding in self.transactions.read(broken_invariants, lambda _: kept)]

    def test_a_good_farm_breaks_none(self):
        self.assertEqual([], self.broken())

    def test_a_waiting_build_is_queued(self):
        self.transactions.write(lambda session: session.delete(session.scalar(select(BuildQueue))))
        self.assertEqual([f"waiting or held, and not in the queue: build {self.build}"], self.broken())

    def test_an_ended_build_is_not_queued(self):
        self.change(update(Build).values(buildstate=BuildState.FAILEDTOBUILD))
        self.assertEqual([f"ended, and still in the queue: build {self.build}"], self.broken())

    def test_a_waiting_build_is_given_to_nobody(self):
        self.change(update(BuildQueue).values(builder_id=self.builder, buildstart=NOW))
        self.assertIn(f"waiting, and given to a builder: build {self.build}", self.broken())

    def test_a_build_in_progress_has_a_builder_and_an_attempt(self):
        self.change(update(Build).values(buildstate=BuildState.BUILDING))
        self.assertEqual([f"in progress, and given to no builder: build {self.build}"], self.broken())
        self.change(update(BuildQueue).values(builder_id=self.builder, buildstart=NOW))
        self.assertEqual([f"in progress, without an attempt of its builder: build {self.build}"], self.broken())

    def test_an_attempt_of_a_waiting_build_is_over(self):
        self.transactions.write(lambda session: an_attempt(session, session.get_one(Build, self.build)))
        self.change(update(Build).values(buildstate=BuildState.NEEDSBUILD))
        self.assertIn(f"an attempt under way, and the build isn't: build {self.build}", self.broken())

    def test_fully_built_means_packages(self):
        self.change(update(Build).values(buildstate=BuildState.FULLYBUILT), delete(BuildQueue))
        self.assertEqual([f"fully built, without a package: build {self.build}"], self.broken())

    def test_a_package_is_in_the_librarian(self):
        def finish(session):
            session.execute(update(Build).values(buildstate=BuildState.FULLYBUILT))
            session.execute(delete(BuildQueue))
            a_binary(session, self.build)

        self.transactions.write(finish)
        self.assertEqual([], self.broken())
        self.assertEqual([f"x_1_i386.deb of build {self.build} is not in the librarian"], self.broken(kept=False))

    def held(self):
        """Let the builder hold the build."""
        self.change(
            update(Build).values(buildstate=BuildState.BUILDING), update(Builder).values(clean_status=CleanStatus.DIRTY)
        )
        self.transactions.write(self.give)

    def give(self, session):
        an_attempt(session, session.get_one(Build, self.build), session.get_one(Builder, self.builder))

    def test_a_builder_that_holds_a_build_is_not_clean(self):
        self.held()
        self.assertEqual([], self.broken())
        self.change(update(Builder).values(clean_status=CleanStatus.CLEAN, name="bob"))
        self.assertEqual(["holds a build, and is taken for clean: builder bob"], self.broken())

    def test_a_reason_says_something(self):
        self.change(update(BuildQueue).values(reason=""))
        self.assertEqual([f"waits, with a reason that says nothing: build {self.build}"], self.broken())

    def test_an_entry_waits_for_the_builders_that_its_place_names(self):
        self.change(update(BuildQueue).values(is_trusted=False))
        told = f"queued for other builders than its architecture and archive name: build {self.build}"
        self.assertEqual([told], self.broken())

    def test_trust_is_carried_over_to_what_runs(self):
        self.held()
        change = ArchiveChange(trusted=False)
        self.change(update(Archive).values(reference="ubuntu"))
        self.transactions.write(set_archive, parse_archive("ubuntu"), change, NOW, "secret")
        self.assertEqual([], self.broken())

    def test_results_that_wait_for_the_uploader_have_a_place(self):
        self.held()
        ended = {"state": BuildState.UPLOADING, "finished": NOW}
        self.change(
            update(Attempt).values(leaf="x", **ended),
            update(Build).values(buildstate=BuildState.UPLOADING),
            delete(BuildQueue),
        )
        self.assertEqual([], self.broken())
        self.change(update(Attempt).values(leaf=None))
        told = f"its results wait for the uploader, and nobody knows where: build {self.build}"
        self.assertEqual([told], self.broken())

    def test_what_was_built_is_not_tried_again(self):
        self.held()
        self.change(update(Attempt).values(state=BuildState.FULLYBUILT, finished=NOW))
        self.transactions.write(self.try_again)
        self.assertEqual([f"fully built once, and tried again: build {self.build}"], self.broken())

    def try_again(self, session):
        build = session.get_one(Build, self.build)
        an_attempt(session, build, session.get_one(Builder, self.builder), number=2, cookie="again")


def a_binary(session, build_id):
    file = a_stored_file(session, "x_1_i386.deb")
    columns = {"name": "x", "version": "1", "kind": "deb", "architecture": "i386", "control": ""}
    places = {"component": "main", "section": "devel", "priority": "optional"}
    session.add(BinaryPackageRelease(build_id=build_id, file_id=file.id, **columns, **places))
