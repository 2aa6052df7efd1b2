"""A command that is not there yet stands for itself in lists, and gives way when it is asked for."""

import click
from click.testing import CliRunner
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.cli.later import Later
from buildmaster.cli.nouns.builder import builder

LATER = Later("builder", "nouns.builder:builder", "Builders, told shortly.")
LOST = Later("lost", "nouns.nowhere:lost", "It is in the list all the same.")
GROUP = click.Group("group", commands=[LATER, LOST])


class LaterTests(SynchronousTestCase):
    def test_lists_need_no_import(self):
        told = CliRunner().invoke(GROUP, ["--help"]).output
        self.assertIn("Builders, told shortly.", told)
        self.assertIn("It is in the list all the same.", told)

    def test_it_is_the_command_itself_that_is_loaded(self):
        self.assertIs(builder, LATER.load())

    def test_its_help_is_that_of_the_command_itself(self):
        self.assertIn(builder.help, CliRunner().invoke(GROUP, ["builder", "--help"]).output)

    def test_a_place_that_is_not_there_is_an_error_of_ours(self):
        self.assertIsInstance(CliRunner().invoke(GROUP, ["lost"]).exception, ModuleNotFoundError)
