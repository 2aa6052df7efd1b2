"""The command imports what it needs and no more; what it tells of the others is true all the same."""

import json
import os
import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.cli.main import COMMANDS
from tests.support.commands import CommandFarm
from tests.support.processes import COMMAND, HERE

TELL = "import atexit, json, sys; atexit.register(lambda: print(json.dumps([*sys.modules]), file=sys.stderr)); "
WIDTHS = (20, 45, 80, 1000)
# What neither the help nor a listing on SQLite has to do with.
FOREIGN = ("twisted", "alembic", "mako", "psycopg2", "debian", "hypothesis", "setuptools")
NOBODYS = (
    "buildmaster.workers",
    "buildmaster.web",
    "buildmaster.tasks",
    "buildmaster.slave",
    "buildmaster.cli.running",
)
OF_THE_DAEMON = {"buildmaster.daemon", "buildmaster.daemon.waking"}


def run(*words, **environment):
    """Return what became of the command in a process of its own, which tells on stderr what it has imported."""
    program = [sys.executable, "-c", TELL + COMMAND[-1], *map(str, words)]
    environment = {**os.environ, "PYTHONPATH": str(HERE), **environment}
    return subprocess.run(program, env=environment, capture_output=True, text=True, check=False)


def imported(*words):
    """Return the modules that a command imports that ends well."""
    done = run(*words)
    if done.returncode:
        raise AssertionError(done.stderr)
    return set(json.loads(done.stderr))


def below(modules, *packages):
    """Return those of the modules that are, or are in, one of the packages."""
    return {name for name in modules if any(f"{name}.".startswith(f"{package}.") for package in packages)}


class ImportTests(SynchronousTestCase):
    def test_the_help_imports_no_command(self):
        modules = imported("--help")
        self.assertEqual({"sqlalchemy"} & modules, set())
        ours = {"buildmaster", "buildmaster.errors", "buildmaster.cli", "buildmaster.cli.main", "buildmaster.cli.later"}
        self.assertEqual(ours, below(modules, "buildmaster"))

    def test_a_listing_imports_the_model_and_no_daemon(self):
        farm = CommandFarm(self)
        farm.run("init")
        modules = imported("--config", farm.path, "builder", "list")
        self.assertIn("buildmaster.model.listings.builders", modules)
        self.assertEqual(set(), below(modules, *FOREIGN, *NOBODYS))
        daemon = below(modules, "buildmaster.daemon") - below(modules, "buildmaster.daemon.config")
        self.assertEqual(OF_THE_DAEMON, daemon)
        nouns = below(modules, "buildmaster.cli.nouns") - {"buildmaster.cli.nouns"}
        self.assertEqual({"buildmaster.cli.nouns.builder"}, nouns)


class ListTests(SynchronousTestCase):
    def test_the_list_tells_what_each_command_says_of_itself(self):
        for later in COMMANDS:
            command = later.load()
            self.assertEqual(later.name, command.name)
            told = [later.get_short_help_str(width) for width in WIDTHS]
            self.assertEqual([command.get_short_help_str(width) for width in WIDTHS], told)

    def test_each_command_is_in_the_help(self):
        listed = {
            line.split()[0] for line in CommandFarm(self).run("--help").partition("Commands:")[2].splitlines()[1:]
        }
        self.assertEqual({later.name for later in COMMANDS}, listed)

    def test_a_command_and_its_words_have_their_help(self):
        farm = CommandFarm(self)
        self.assertIn("ok  ", farm.run("builder", "--help"))
        self.assertIn("its failures forgotten", farm.run("builder", "ok", "--help"))

    def test_what_is_no_command_is_wrong_usage(self):
        result = CommandFarm(self).result("builders", "list")
        self.assertEqual((2, True), (result.exit_code, "No such command 'builders'" in result.stderr))


class CompletionTests(SynchronousTestCase):
    def completed(self, *words):
        """Return what the shell offers for the last of the words."""
        place = {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
        done = run(_BUILDMASTER_COMPLETE="bash_complete", **place)
        return done.stdout.split(), set(json.loads(done.stderr))

    def test_the_shell_gets_its_script(self):
        self.assertIn("complete -o nosort -F", run(_BUILDMASTER_COMPLETE="bash_source").stdout)

    def test_commands_are_completed_without_being_imported(self):
        offered, modules = self.completed("buildmaster", "bui")
        self.assertEqual(["plain,build", "plain,buildd", "plain,builder"], offered)
        self.assertEqual(set(), below(modules, "buildmaster.cli.nouns", "buildmaster.cli.running"))

    def test_the_words_of_a_command_are_completed(self):
        self.assertEqual(["plain,list"], self.completed("buildmaster", "builder", "l")[0])


class FailureTests(SynchronousTestCase):
    def test_a_file_that_is_not_there_is_named(self):
        farm = CommandFarm(self)
        farm.path.unlink()
        self.assertEqual(f"{farm.path}: No such file or directory", farm.refused("builder", "list"))
