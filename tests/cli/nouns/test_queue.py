"""What waits is listed, with the reason of each."""

from buildmaster.model.tables.builds import Build
from tests.support.buildcase import BuildCase
from tests.support.buildrows import a_builder
from tests.support.rows import a_stored_file


class QueueTests(BuildCase):
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
