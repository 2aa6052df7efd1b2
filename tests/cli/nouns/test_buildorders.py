"""Builds are retried, rescored and cancelled by the command."""

from tests.support.buildcase import BuildCase


class BuildOrderTests(BuildCase):
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
