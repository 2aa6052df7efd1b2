"""`pas` shows and checks what restricts sources to architectures."""

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.model.tables.distribution import Distribution
from tests.support.commands import CommandFarm
from tests.support.rows import a_series, an_archive

TAGS = ("amd64", "arm64", "i386")


class PasTests(SynchronousTestCase):
    def setUp(self):
        self.farm = CommandFarm(self)
        self.farm.transactions.write(self.fill)

    def fill(self, session):
        debian = Distribution(name="debian", title="Debian")
        a_series(session, "bookworm", TAGS, debian)
        an_archive(session, debian, reference="debian")

    def test_pas_shows_the_line_that_counts(self):
        (self.farm.root / "Packages-arch-specific").write_text("# sources\n%hello: i386 amd64\n")
        [row] = self.farm.json("pas", "show", "hello")
        self.assertEqual({"series": "debian/bookworm", "line": 2, "architectures": ["amd64", "i386"]}, row)
        [row] = self.farm.json("pas", "show", "other")
        self.assertEqual((None, sorted(TAGS)), (row["line"], row["architectures"]))

    def test_pas_checks_a_file(self):
        path = self.farm.root / "pas"
        path.write_text("%hello: i386\nnonsense\n")
        self.assertIn("nonsense", self.farm.result("pas", "check", path).output)
        self.assertEqual(1, self.farm.result("pas", "check", path).exit_code)
        path.write_text("%hello: i386\ntool: amd64\n")
        self.assertEqual("1 sources and 1 binary packages are named.\n", self.farm.run("pas", "check", path))
