"""Builds are listed newest first, with their attempts, binaries and addresses, on either database."""

from dataclasses import asdict, replace

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.errors import BuildmasterError
from buildmaster.farm.queue.scoring import Weights
from buildmaster.farm.vocabulary.archives import Pocket, Publishing
from buildmaster.farm.vocabulary.references import ArchiveReference, UnknownNameError
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.listings.buildlogs import LogPlace, find_log
from buildmaster.model.listings.builds import Context, Wanted, builds, show_build
from buildmaster.model.listings.explaining import explain_build
from buildmaster.model.listings.queue import EntryListing, count_waiting, waiting_entries
from tests.support.buildrows import EARLIER, a_build, a_builder, a_dispatched_build, an_attempt, an_entry
from tests.support.databases import postgresql_farm_url
from tests.support.rows import NOW, Place, a_binary_release, a_database, a_stored_file

CONTEXT = Context("http://farm.example/", NOW)


class BuildListTests:
    """What holds on either database."""

    def setUp(self):
        self.transactions = a_database(self, self.url())
        self.ids = self.transactions.write(self.populate)

    def populate(self, session):
        """Make a failed build with two attempts, a running one, a waiting one, and one that was built."""
        place = Place(session, reference="ubuntu")
        place.series.distribution.name = "ubuntu"
        i386 = next(row for row in place.series.architectures if row.architecturetag == "i386")
        i386.processor.name = "x86"
        bob, frog = a_builder(session), a_builder(session, "frog")
        releases = [place.publish(name).release for name in ("failed", "running", "waiting", "built")]
        made = [a_build(session, release, i386, place.archive) for release in releases]
        self.fail(session, made[0], bob, frog)
        a_dispatched_build(session, made[1], bob, logtail="dpkg-buildpackage")
        an_entry(session, made[2], lastscore=2505, manual=True)
        self.finish(session, made[3], frog)
        return [row.id for row in made]

    def fail(self, session, build, bob, frog):
        log = a_stored_file(session, "buildlog.txt.gz", "1")
        build.buildstate, build.builder, build.datebuilt, build.failure = BuildState.FAILEDTOBUILD, frog, NOW, "broken"
        build.buildlog, build.buildduration = log, 3600.0
        an_attempt(session, build, bob, state=BuildState.NEEDSBUILD, finished=EARLIER, failure="silent")
        an_attempt(session, build, frog, 2, BuildState.FAILEDTOBUILD, finished=NOW, buildlog=log)

    def finish(self, session, build, frog):
        build.buildstate, build.builder, build.datebuilt = BuildState.FULLYBUILT, frog, NOW
        an_attempt(session, build, frog, state=BuildState.FULLYBUILT, finished=NOW)
        a_binary_release(session, build, "zlib", "1.0-1")
        a_binary_release(session, build, "alsa", "1.0-1", architecture="all")

    def listed(self, limit=10, **wanted):
        return [row.source for row in self.transactions.read(builds, Wanted(**wanted), limit, CONTEXT)]

    def shown(self, index):
        return self.transactions.read(show_build, self.ids[index], CONTEXT)

    def test_all_of_a_failed_build_is_shown(self):
        found = asdict(self.shown(0))
        log_url = found["log_url"]
        self.assertRegex(log_url, r"^http://farm\.example/files/[0-9]+/buildlog\.txt\.gz$")
        first, second = found.pop("attempts")
        self.assertEqual(
            {
                "id": self.ids[0],
                "title": "i386 build of failed 1.0-1 in ubuntu hoary RELEASE",
                "archive": "ubuntu",
                "source": "failed",
                "version": "1.0-1",
                "component": "main",
                "suite": "hoary",
                "architecture": "i386",
                "state": "FAILEDTOBUILD",
                "builder": "frog",
                "score": None,
                "manual_score": False,
                "created": EARLIER,
                "started": EARLIER,
                "finished": NOW,
                "duration": 3600.0,
                "dependencies": None,
                "attempt": 2,
                "log_url": log_url,
                "failure": "broken",
                "binaries": (),
                "estimated_start": None,
                "estimated_span": None,
                "reason": None,
            },
            found,
        )
        self.assertEqual(("bob", "silent", None), (first["builder"], first["failure"], first["log_url"]))
        self.assertEqual(
            {
                "number": 2,
                "state": "FAILEDTOBUILD",
                "builder": "frog",
                "started": EARLIER,
                "finished": NOW,
                "log_url": log_url,
                "upload_log_url": None,
                "failure": None,
            },
            second,
        )

    def test_a_running_build_is_on_its_builder(self):
        found = self.shown(1)
        self.assertEqual(
            ("BUILDING", "bob", EARLIER, None), (found.state, found.builder, found.started, found.finished)
        )

    def test_a_waiting_build_has_a_score_and_no_start(self):
        found = self.shown(2)
        self.assertEqual(
            ("NEEDSBUILD", 2505, True, None, 0),
            (found.state, found.score, found.manual_score, found.started, found.attempt),
        )

    def test_binaries_are_sorted_and_have_addresses(self):
        found = self.shown(3).binaries
        self.assertEqual([("alsa", "all"), ("zlib", "i386")], [(row.name, row.architecture) for row in found])
        self.assertRegex(found[0].file_url, r"^http://farm\.example/files/[0-9]+/alsa\.deb$")

    def test_the_newest_come_first_and_pages_follow_one_another(self):
        self.assertEqual(["built", "waiting"], self.listed(2))
        self.assertEqual(["running", "failed"], self.listed(2, before=self.ids[2]))

    def test_each_option_narrows_the_list(self):
        self.assertEqual(["waiting"], self.listed(state=BuildState.NEEDSBUILD))
        self.assertEqual(["running"], self.listed(builder="bob"))
        self.assertEqual(["failed"], self.listed(builder="frog", state=BuildState.FAILEDTOBUILD))
        self.assertEqual(["built"], self.listed(source="built"))
        self.assertEqual(4, len(self.listed(archive=ArchiveReference("ubuntu", "primary"), series="hoary")))
        self.assertEqual([], self.listed(pocket=Pocket.SECURITY))
        self.assertEqual([], self.listed(tag="amd64"))

    def test_an_unknown_archive_or_build_is_an_error(self):
        self.assertRaises(UnknownNameError, self.listed, archive=ArchiveReference("ubunto", "primary"))
        self.assertRaises(BuildmasterError, self.transactions.read, show_build, 999, CONTEXT)

    def test_the_component_is_that_of_the_publication(self):
        self.transactions.write(self.republish)
        self.assertEqual("universe", self.shown(2).component)

    def republish(self, session):
        place = Place(session)
        release = place.publish("moved").release
        publication = release.publications[0]
        publication.component, publication.status = "universe", Publishing.PUBLISHED
        architecture = place.series.architectures[0]
        self.ids[2] = a_build(session, release, architecture, place.archive).id

    def test_the_log_is_of_the_latest_attempt_with_one(self):
        found = self.transactions.read(find_log, self.ids[0], None)
        self.assertEqual(LogPlace(2, "1" * 64, None), found)

    def test_a_running_attempt_has_a_tail(self):
        self.assertEqual(LogPlace(1, None, "dpkg-buildpackage"), self.transactions.read(find_log, self.ids[1], None))

    def test_no_log_is_an_error(self):
        self.assertRaises(BuildmasterError, self.transactions.read, find_log, self.ids[0], 1)
        self.assertRaises(BuildmasterError, self.transactions.read, find_log, self.ids[2], None)

    def test_the_queue_is_what_waits(self):
        (found,) = self.transactions.read(waiting_entries, 10, NOW, Weights())
        expected = EntryListing(
            build=self.ids[2],
            title="i386 build of waiting 1.0-1 in ubuntu hoary RELEASE",
            archive="ubuntu",
            source="waiting",
            version="1.0-1",
            suite="hoary",
            architecture="i386",
            is_trusted=True,
            processor="x86",
            score=2505,
            score_parts={"manual": 2505},
            reason=None,
            estimated_start=None,
            estimated_span=None,
        )
        self.assertEqual(expected, replace(found))
        self.assertEqual(1, self.transactions.read(count_waiting))

    def test_only_what_waits_is_explained(self):
        self.assertRaises(BuildmasterError, self.transactions.read, explain_build, self.ids[1])


class SqliteBuildListTests(BuildListTests, SynchronousTestCase):
    def url(self):
        return None


class PostgresqlBuildListTests(BuildListTests, SynchronousTestCase):
    def url(self):
        return postgresql_farm_url()
