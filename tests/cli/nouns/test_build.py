"""Builds are listed, shown, read, retried, rescored and cancelled by the command."""

import gzip

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.vocabulary.archives import Pocket, SeriesStatus
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.files.librarian import FolderLibrarian
from buildmaster.model.tables.builds import Build
from tests.support.buildrows import a_build, a_builder, a_dispatched_build, an_attempt, an_entry
from tests.support.commands import CommandFarm
from tests.support.rows import NOW, Place, a_stored_file

LOG = "checking for gcc... gcc\n" * 5000


class BuildCommandTests(SynchronousTestCase):
    def setUp(self):
        self.farm = CommandFarm(self)
        self.sha256 = self.keep(gzip.compress(LOG.encode()))
        self.failed, self.running, self.waiting, self.closed = self.farm.transactions.write(self.populate)

    def keep(self, content):
        path = self.farm.root / "log"
        path.write_bytes(content)
        return FolderLibrarian(self.farm.root / "librarian").add(path).sha256

    def populate(self, session):
        place = Place(session, reference="ubuntu")
        place.series.distribution.name, place.series.status = "ubuntu", SeriesStatus.DEVELOPMENT
        i386 = next(row for row in place.series.architectures if row.architecturetag == "i386")
        bob = a_builder(session)
        failed, running, waiting, closed = (
            a_build(session, place.publish(name).release, i386, place.archive)
            for name in ("failed", "running", "waiting", "closed")
        )
        failed.buildstate = closed.buildstate = BuildState.FAILEDTOBUILD
        failed.failure, failed.datebuilt, failed.buildduration = "dpkg-buildpackage exited with 2", NOW, 75.0
        closed.pocket = Pocket.SECURITY
        log = a_stored_file(session, "buildlog.txt.gz")
        log.sha256 = self.sha256
        an_attempt(session, failed, bob, state=BuildState.FAILEDTOBUILD, finished=NOW, buildlog=log)
        a_dispatched_build(session, running, bob, logtail="half way\n")
        an_entry(session, waiting, lastscore=2505)
        return failed.id, running.id, waiting.id, closed.id

    def state(self, build_id):
        return self.farm.json("build", "show", build_id)["state"]

    def test_builds_are_listed_newest_first(self):
        found = [(row["source"], row["state"]) for row in self.farm.json("build", "list")]
        expected = ["closed FAILEDTOBUILD", "waiting NEEDSBUILD", "running BUILDING", "failed FAILEDTOBUILD"]
        self.assertEqual([tuple(line.split()) for line in expected], found)

    def test_a_limit_is_told_to_people(self):
        result = self.farm.result("build", "list", "--limit", 2)
        self.assertEqual(3, len(result.stdout.splitlines()))
        self.assertEqual("The newest 2 are shown: --limit 0 prints all.\n", result.stderr)
        self.assertEqual("", self.farm.result("build", "list", "--limit", 0).stderr)

    def test_options_narrow_the_list(self):
        found = self.farm.json("build", "list", "--state", "failedtobuild", "--source", "failed", "--archive", "ubuntu")
        self.assertEqual([self.failed], [row["id"] for row in found])
        self.assertEqual([self.running], [row["id"] for row in self.farm.json("build", "list", "--builder", "bob")])

    def test_the_table_says_why(self):
        line = self.farm.run("build", "list", "--source", "failed").splitlines()[1]
        self.assertRegex(
            line,
            rf"^{self.failed}   FAILEDTOBUILD  [0-9]+ [a-z]+ +failed  1.0-1    hoary/i386  ubuntu   -        "
            r"dpkg-buildpackage exited with 2$",
        )

    def test_a_build_is_shown_line_by_line(self):
        lines = self.farm.run("build", "show", self.failed).splitlines()
        self.assertIn("state:           FAILEDTOBUILD", lines)
        self.assertIn("failure:         dpkg-buildpackage exited with 2", lines)

    def test_a_stored_log_is_printed_whole(self):
        result = self.farm.result("build", "log", self.failed)
        self.assertEqual(LOG, result.stdout)
        self.assertEqual("The log of attempt 1:\n", result.stderr)

    def test_a_running_build_has_the_end_of_its_log(self):
        result = self.farm.result("build", "log", self.running)
        self.assertEqual("half way\n\n", result.stdout)
        self.assertIn("Attempt 1 is under way", result.stderr)

    def test_retry_queues_a_build_again(self):
        self.farm.run("build", "retry", self.failed)
        self.assertEqual("NEEDSBUILD", self.state(self.failed))
        self.assertEqual({self.failed, self.waiting}, {row["build"] for row in self.farm.json("queue", "list")})

    def test_retry_is_refused_with_the_reason(self):
        self.assertEqual(
            f"build {self.running} can't be retried: its state is 'Currently building'",
            self.farm.refused("build", "retry", self.running),
        )
        self.assertEqual(
            f"build {self.closed} can't be retried: the pocket SECURITY is closed, since hoary is DEVELOPMENT",
            self.farm.refused("build", "retry", self.closed),
        )

    def test_many_are_retried_and_each_is_named(self):
        lines = self.farm.run("build", "retry", "--all", "--state", "FAILEDTOBUILD").splitlines()
        self.assertEqual(
            [
                f"Retrying i386 build of failed 1.0-1 in ubuntu hoary RELEASE ({self.failed})",
                (
                    f"Can't retry i386 build of closed 1.0-1 in ubuntu hoary SECURITY ({self.closed}): "
                    "the pocket SECURITY is closed, since hoary is DEVELOPMENT"
                ),
                "Retried 1 of 2 builds.",
            ],
            lines,
        )
        self.assertEqual("NEEDSBUILD", self.state(self.failed))

    def test_a_dry_run_changes_nothing(self):
        words = ("build", "retry", "--all", "--state", "FAILEDTOBUILD", "--suite", "hoary", "--arch", "i386")
        self.assertIn("Would retry 1 of 1 builds.", self.farm.run(*words, "--dry-run"))
        self.assertEqual("FAILEDTOBUILD", self.state(self.failed))

    def test_retry_wants_an_id_or_all_of_a_state(self):
        for words in ((), ("--all",), (self.failed, "--all"), ("--all", "--state", "BUILDING")):
            self.assertEqual(2, self.farm.result("build", "retry", *words).exit_code)

    def test_rescore_is_for_good(self):
        self.farm.run("build", "rescore", self.waiting, 9000)
        (entry,) = self.farm.json("queue", "list")
        self.assertEqual((9000, {"manual": 9000}), (entry["score"], entry["score_parts"]))
        self.assertIn("can't be rescored", self.farm.refused("build", "rescore", self.failed, 1))

    def test_cancel_ends_what_waits_and_stops_what_runs(self):
        self.assertIn("is cancelled.", self.farm.run("build", "cancel", self.waiting))
        self.assertIn("is being cancelled", self.farm.run("build", "cancel", self.running))
        self.assertEqual(["CANCELLED", "CANCELLING"], [self.state(self.waiting), self.state(self.running)])
        self.assertIn("can't be cancelled", self.farm.refused("build", "cancel", self.failed))

    def test_orders_are_in_the_trail(self):
        self.farm.run("build", "rescore", self.waiting, 9000)
        (row,) = self.farm.json("audit", "--subject", self.waiting)
        self.assertEqual(("build rescore", {"score": 9000}), (row["action"], row["details"]))

    def test_the_queue_is_a_table_with_reasons(self):
        lines = self.farm.run("queue", "explain").splitlines()
        self.assertRegex(lines[1], rf"^build {self.waiting}  .+$")
        self.assertEqual(lines[:2], self.farm.run("queue", "explain", self.waiting).splitlines())
        self.assertIn("does not wait", self.farm.refused("queue", "explain", self.failed))
        self.assertIn("2505", self.farm.run("queue", "list"))

    def configure(self, lines):
        """Add to the conf file; give the build that waits its source and a builder that is idle."""
        self.farm.path.write_text(self.farm.path.read_text() + lines)
        self.farm.transactions.write(self.make_ready)

    def make_ready(self, session):
        build = session.get_one(Build, self.waiting)
        build.release.files[0].file = a_stored_file(session)
        a_builder(session, "frog", processors=[build.processor])

    def test_a_full_disk_is_the_reason_of_all_that_could_begin(self):
        self.configure("[limits]\nfree_space = 1000000000000000000\n")
        full = r"[\d.]+ \S+ are free below \S+, less than the .* of \[limits\] free_space: nothing is dispatched until there is room"
        build, frog = (row["reason"] for row in self.farm.json("queue", "explain"))
        self.assertRegex(build, f"^{full}$")
        self.assertRegex(frog, f"^idle: {full}$")
        self.assertRegex(self.farm.json("queue", "explain", self.waiting)[0]["reason"], f"^{full}$")

    def test_so_is_a_dispatcher_that_is_switched_off(self):
        self.configure("[job dispatcher]\nenabled = no\n")
        self.assertIn("the job dispatcher is switched off", self.farm.run("queue", "explain", self.waiting))

    def test_an_unknown_build_is_one_line(self):
        self.assertIn("there is no build 99", self.farm.refused("queue", "explain", 99))
        for command in ("show", "log", "retry", "cancel"):
            self.assertIn("999", self.farm.refused("build", command, 999))
