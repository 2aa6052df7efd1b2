"""Who did what is listed, newest first."""

import getpass

from twisted.trial.unittest import SynchronousTestCase

from tests.support.commands import CommandFarm


class AuditTests(SynchronousTestCase):
    def setUp(self):
        self.farm = CommandFarm(self)
        self.farm.run("processor", "add", "amd64")
        self.farm.run("distribution", "add", "ubuntu", "--title", "Ubuntu")

    def test_the_newest_comes_first(self):
        found = [(row["who"], row["action"], row["subject"], row["details"]) for row in self.farm.json("audit")]
        me = getpass.getuser()
        added = (me, "distribution add", "ubuntu", {"title": "Ubuntu"})
        self.assertEqual([added, (me, "processor add", "amd64", {})], found)

    def test_what_was_done_to_one_thing_may_be_asked_for(self):
        self.assertEqual(["amd64"], [row["subject"] for row in self.farm.json("audit", "--subject", "amd64")])

    def test_a_limit_holds_and_details_are_words(self):
        _, line = self.farm.run("audit", "--limit", 1).splitlines()
        self.assertTrue(line.endswith("distribution add  ubuntu   title=Ubuntu"), line)
