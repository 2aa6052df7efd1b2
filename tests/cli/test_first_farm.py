"""A farm is set up by a dozen commands, on either database; each error says what to do."""

from twisted.trial.unittest import SynchronousTestCase

from tests.support.commands import CommandFarm
from tests.support.databases import postgresql_url
from tests.support.firstfarm import DOZEN, set_up


class FirstFarmTests:
    """What holds on either database."""

    def setUp(self):
        self.farm = CommandFarm(self, self.conf())
        set_up(self.farm)

    def test_what_was_set_up_is_listed(self):
        farm = self.farm
        self.assertEqual(
            [
                {"name": "amd64", "builders": 1, "architectures": 1},
                {"name": "x86", "builders": 2, "architectures": 1},
            ],
            farm.json("processor", "list"),
        )
        self.assertEqual(
            [{"name": "ubuntu", "title": "Ubuntu", "series": ["hoary"]}], farm.json("distribution", "list")
        )
        self.assertEqual(
            [
                {
                    "name": "ubuntu/hoary",
                    "title": "Hoary",
                    "version": "5.04",
                    "status": "DEVELOPMENT",
                    "nominated_arch_indep": "i386",
                    "architectures": ["amd64", "i386"],
                },
            ],
            farm.json("series", "list"),
        )
        self.assertEqual(
            [("ubuntu/hoary/amd64", False, False, []), ("ubuntu/hoary/i386", True, True, ["RELEASE"])],
            [
                (row["name"], row["supports_untrusted"], row["nominated"], row["chroots"])
                for row in farm.json("arch", "list")
            ],
        )

    def test_archives_are_what_their_form_says(self):
        primary, ppa = sorted(self.farm.json("archive", "list"), key=pick)
        self.assertEqual(("ubuntu", "PRIMARY", True, False), pick(primary))
        self.assertEqual(("~cprov/ubuntu/ppa", "PPA", False, True), pick(ppa))
        self.assertEqual((["ubuntu"], 5), (ppa["depends"], ppa["score"]))

    def test_a_chroot_is_in_the_librarian(self):
        (row,) = self.farm.json("chroot", "list")
        stored = self.farm.root / "librarian" / row["sha256"][:2] / row["sha256"]
        self.assertEqual((self.farm.root / "chroot.tar.gz").read_bytes(), stored.read_bytes())

    def test_builders_begin_dirty_and_are_clean_before_they_get_work(self):
        bob = self.farm.json("builder", "show", "bob")
        self.assertEqual(
            {
                "name": "bob",
                "title": "bob",
                "url": "http://localhost:8221/",
                "processors": ["amd64", "x86"],
                "trusted": True,
                "is_available": False,
                "builderok": True,
                "failed_by": None,
                "failnotes": None,
                "date_failed": None,
                "next_probe": None,
                "manual": False,
                "vm_host": None,
                "clean_status": "DIRTY",
                "failure_count": 0,
                "version": None,
                "status": "Never seen: to be probed",
                "build": None,
                "logtail": None,
                "last_seen": None,
            },
            bob,
        )
        self.assertEqual(["bob", "frog"], [row["name"] for row in self.farm.json("builder", "list")])

    def test_every_change_is_in_the_trail(self):
        changes = [line.split()[:3] for line in DOZEN.strip().splitlines()[1:]]
        found = [[*row["action"].split(), row["subject"]] for row in self.farm.json("audit")]
        self.assertEqual(changes, found[::-1])


class SqliteFirstFarmTests(FirstFarmTests, SynchronousTestCase):
    def conf(self):
        return ""


class PostgresqlFirstFarmTests(FirstFarmTests, SynchronousTestCase):
    def conf(self):
        self.url = postgresql_url()
        return f"[database]\nurl = {self.url.replace('%', '%%')}\n"


def pick(row):
    return row["reference"], row["purpose"], row["trusted"], row["private"]
