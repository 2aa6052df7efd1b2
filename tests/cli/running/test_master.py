"""The commands that prepare the daemon."""

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.work.schema import check_fits
from tests.support.commands import CommandFarm


class CheckConfigTests(SynchronousTestCase):
    def test_a_good_file_is_called_good(self):
        self.assertIn("no mistakes", CommandFarm(self).run("check-config"))

    def test_every_mistake_is_a_line(self):
        farm = CommandFarm(self, "[web]\nprot = 1\nport = x\n")
        result = farm.result("check-config")
        self.assertEqual(1, result.exit_code)
        self.assertEqual(
            [
                f"{farm.path}:4: prot: no such option in [web]; did you mean 'port'?",
                f"{farm.path}:5: port: 'x' is not a whole number",
            ],
            result.stdout.splitlines(),
        )
        self.assertEqual(f"Error: {farm.path} has 2 mistake(s)\n", result.stderr)

    def test_a_file_that_is_not_there_is_one_line(self):
        farm = CommandFarm(self)
        farm.path.unlink()
        self.assertIn("No such file", farm.refused("check-config"))

    def test_wrong_usage_is_2(self):
        self.assertEqual(2, CommandFarm(self).result("chekc-config").exit_code)


class InitTests(SynchronousTestCase):
    def test_makes_folders_and_schema_and_may_be_repeated(self):
        farm = CommandFarm(self)
        (farm.root / "buildmaster.sqlite").unlink()
        farm.run("init")
        farm.run("init")
        check_fits(farm.transactions.engine)
        self.assertTrue((farm.root / "incoming").is_dir())

    def test_a_broken_conf_file_is_refused_in_one_line(self):
        farm = CommandFarm(self, "[web]\nprot = 1\nport = x\n")
        self.assertIn("and 1 more", farm.refused("init"))


class DatabaseTests(SynchronousTestCase):
    def test_before_init_the_cure_is_told_and_no_file_made(self):
        farm = CommandFarm(self)
        file = farm.root / "buildmaster.sqlite"
        file.unlink()
        for command in (["build", "list"], ["run"]):
            self.assertEqual(f"there is no database {file} yet: run `buildmaster init`", farm.refused(*command))
        self.assertFalse(file.exists())

    def test_one_that_is_not_there_is_named_without_its_password(self):
        farm = CommandFarm(self, "[database]\nurl = postgresql://farm:hush@127.0.0.1:1/x\n")
        self.assertRegex(
            farm.refused("build", "list"),
            r"^the database postgresql\+psycopg2://farm:\*\*\*@127\.0\.0\.1:1/x: connection .* refused$",
        )
