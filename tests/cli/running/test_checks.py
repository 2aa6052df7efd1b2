"""What the doctor finds outside of the database: folders, disk, network, and the daemon."""

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.cli.running.checks import (
    check_daemon,
    check_disk,
    check_folders,
    check_jobs,
    check_mail,
    check_slaves,
)
from buildmaster.daemon.config.reading import BUILT_IN_TASKS, load
from buildmaster.farm.findings import Finding
from buildmaster.files.disk import Disk
from buildmaster.files.layout import make_folders
from tests.support.commands import CommandFarm

TURN = {"under_way": False, "due_in": 0.0, "age": 1.0}


def refuse(host, port):
    raise ConnectionRefusedError(111, "Connection refused")


class OutsideTests(SynchronousTestCase):
    def setUp(self):
        self.farm = CommandFarm(self)
        make_folders(self.farm.root)
        (self.farm.root / "librarian").mkdir()
        self.config = load(self.farm.path)

    def test_a_farm_with_all_its_folders_is_well(self):
        self.assertEqual([], list(check_folders(self.config)))

    def test_a_missing_folder_is_found(self):
        (self.farm.root / "incoming").rmdir()
        (finding,) = check_folders(self.config)
        self.assertEqual(Finding(f"the folder {self.farm.root}/incoming is missing", "`buildmaster init`"), finding)

    def test_mail_that_is_not_sent_is_only_a_note(self):
        (finding,) = check_mail(self.config, refuse)
        self.assertFalse(finding.wrong)

    def test_a_dead_mail_host_is_found(self):
        self.farm.path.write_text(self.farm.path.read_text() + "[mail]\nfromaddress = farm@example.com\n")
        (finding,) = check_mail(load(self.farm.path), refuse)
        self.assertIn("localhost:25 does not answer: [Errno 111] Connection refused", finding.what)

    def test_dead_slaves_are_found_by_their_names(self):
        (finding,) = check_slaves([("bob", "bob.example.com", 8221)], refuse)
        self.assertEqual(
            "the slave of bob at bob.example.com:8221 does not answer: [Errno 111] Connection refused",
            finding.what,
        )

    def test_slaves_that_answer_are_well(self):
        self.assertEqual([], check_slaves([("bob", "x", 1), ("ann", "y", 2)], lambda host, port: None))

    def daemon(self, late=False, answers=True, failing=(), **turn):
        answer = {"late": late, "database": {"answers": answers}, "failing": dict(failing)}
        answer["turns"] = {"dispatcher": TURN | turn}
        return [finding.what for finding in check_daemon(self.config, lambda _: answer)]

    def test_a_daemon_that_runs_is_well(self):
        self.assertEqual([], self.daemon())

    def test_a_job_without_turns_is_found(self):
        self.assertEqual(["the job dispatcher is due and gets no turn"], self.daemon(age=100.0))

    def test_a_daemon_that_is_not_well_is_found(self):
        late = "a turn was over its limit, and none ended in time since"
        self.assertEqual([late], self.daemon(late=True))
        self.assertEqual([f"{late}; dispatcher has its turn"], self.daemon(late=True, under_way=True))
        self.assertEqual(["the daemon's database does not answer"], self.daemon(answers=False))

    def test_a_job_that_fails_is_found(self):
        self.assertEqual(["the job publisher failed 3 time(s) in a row"], self.daemon(failing={"publisher": 3}))

    def test_a_full_disk_is_found_with_its_cure(self):
        (finding,) = check_disk(Disk("/farm", 100, lambda _: 99))
        self.assertIn("nothing is dispatched until there is room", finding.what)
        self.assertIn("[housekeeping]", finding.cure)
        self.assertFalse(next(check_disk(Disk("/farm", 100, lambda _: 100))).wrong)

    def test_no_daemon_is_found(self):
        def nobody(config):
            raise ConnectionRefusedError

        (finding,) = check_daemon(self.config, nobody)
        self.assertIn("no daemon answers at port 8085", finding.what)

    def test_a_job_that_is_switched_off_is_a_note(self):
        self.farm.path.write_text(self.farm.path.read_text() + "[job publisher]\nenabled = no\n")
        found = list(check_jobs(load(self.farm.path), BUILT_IN_TASKS))
        self.assertEqual([Finding("the built-in job publisher is switched off")], found)
