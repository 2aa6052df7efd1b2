"""Builds are listed, shown and read by the command."""

from tests.support.buildcase import LOG, BuildCase


class BuildTests(BuildCase):
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

    def test_an_unknown_build_is_one_line(self):
        for command in ("show", "log", "retry", "cancel"):
            self.assertIn("999", self.farm.refused("build", command, 999))
