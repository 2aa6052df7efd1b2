"""A farm opens what is asked for, when it is asked for."""

import getpass
import os

import click
from click.testing import CliRunner
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.cli.farm import Farm, pass_farm
from buildmaster.work.schema import SchemaMismatchError
from tests.support.commands import CommandFarm


class FarmTests(SynchronousTestCase):
    def setUp(self):
        self.place = CommandFarm(self)
        self.farm = Farm(self.place.path)
        self.addCleanup(self.farm.close)

    def test_a_database_that_does_not_fit_is_refused(self):
        (self.place.root / "buildmaster.sqlite").unlink()
        self.assertRaises(SchemaMismatchError, lambda: self.farm.transactions)
        self.assertFalse((self.place.root / "buildmaster.sqlite").exists())

    def test_a_nudge_of_a_daemon_that_is_not_there_is_nothing(self):
        self.assertIsNone(self.farm.nudge("dispatcher"))

    def test_who_has_no_name_is_a_number(self):
        self.patch(getpass, "getuser", lambda: {}["nobody"])
        self.assertEqual(f"uid {os.getuid()}", self.farm.who)

    def test_a_farm_of_which_nothing_was_asked_is_closed_all_the_same(self):
        self.assertIsNone(Farm(self.place.root / "missing.conf").close())


class PassFarmTests(SynchronousTestCase):
    def test_a_command_gets_the_farm_of_the_named_conf_file_and_its_own_words(self):
        got = []

        @click.command()
        @click.argument("word")
        @pass_farm
        def command(farm, word):
            """Say what it is for."""
            got.append((farm.path, word))

        place = CommandFarm(self)
        self.assertEqual("", CliRunner().invoke(command, ["x"], obj=place.path).output)
        self.assertEqual(([(place.path, "x")], "Say what it is for."), (got, command.help))
