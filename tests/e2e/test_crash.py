"""The daemon may die at any moment: after the next start everything ends as if nothing had happened."""

import time

from twisted.trial.unittest import SynchronousTestCase

from tests.support.databases import postgresql_url
from tests.support.runningfarm import RunningFarm

MOMENTS = (0.4, 0.9, 1.3, 1.7)  # seconds from a start to the next kill: in all stages of the builds


class CrashTests:
    """What holds on either database."""

    def setUp(self):
        self.farm = RunningFarm(self, url=self.database_url())
        for name in ("bob", "frog"):
            self.farm.add_slave(name)

    def check_all_is_well(self, found):
        for build in found:
            self.assertEqual(["FULLYBUILT"], [attempt["state"] for attempt in build["attempts"]])
            self.assertEqual([build["source"]], [binary["name"] for binary in build["binaries"]])
            self.assertTrue(build["log_url"])
        self.assertEqual([], self.farm.json("queue", "list"))
        self.assertEqual(["incoming"], [p.name for p in self.farm.root.glob("incoming") if not list(p.iterdir())])
        self.assertEqual(len(found), len(list(self.farm.root.glob("accepted/*-*-*-*"))))

    def test_killed_while_a_build_runs(self):
        self.farm.start()
        self.farm.upload("tiny", "1.0+sleep3")
        self.farm.daemon.wait_for("was given to")
        self.farm.kill()
        self.farm.start()
        self.check_all_is_well(self.farm.wait_for_states("FULLYBUILT"))

    def test_killed_again_and_again(self):
        for number in range(4):
            self.farm.upload(f"tiny{number}", f"1.0+sleep{number % 3}.3")
        for moment in MOMENTS:
            self.farm.start()
            self.farm.daemon.wait_for("starting on")
            time.sleep(moment)  # any moment is as good as another
            self.farm.kill()
        self.farm.start()
        found = self.farm.wait_for_states(*["FULLYBUILT"] * 4)
        for build in found:
            self.assertEqual("FULLYBUILT", build["attempts"][-1]["state"])
            self.assertEqual([build["source"]], [binary["name"] for binary in build["binaries"]])
        self.assertEqual([], [builder for builder in self.farm.json("builder", "list") if not builder["builderok"]])

    def test_killed_while_results_are_fetched(self):
        self.farm.start()
        self.farm.upload("tiny", "1.0+sleep1")
        self.farm.daemon.wait_for("its results are fetched")
        self.farm.kill()
        self.farm.start()
        self.check_all_is_well(self.farm.wait_for_states("FULLYBUILT"))


class SqliteCrashTests(CrashTests, SynchronousTestCase):
    def database_url(self):
        return None


class PostgresqlCrashTests(CrashTests, SynchronousTestCase):
    def database_url(self):
        return postgresql_url()
