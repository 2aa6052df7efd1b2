"""References are read where they are typed; enumerations go by their names."""

import click
from click.testing import CliRunner
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.cli.arguments import ARCHIVE, DEPENDENCY, POCKET, STATE, SUITE
from buildmaster.errors import BuildmasterError
from buildmaster.farm.vocabulary.archives import Pocket
from buildmaster.farm.vocabulary.references import parse_archive, parse_suite
from buildmaster.farm.vocabulary.states import BuildState


def read(kind, text):
    """Return what an argument of a kind is read as."""
    return click.Argument(["word"], type=kind).type_cast_value(click.Context(click.Command("x")), text)


class ArgumentTests(SynchronousTestCase):
    def test_references_are_read(self):
        self.assertEqual(parse_archive("~cprov/ubuntu/ppa"), read(ARCHIVE, "~cprov/ubuntu/ppa"))
        self.assertEqual(parse_suite("hoary-security"), read(SUITE, "hoary-security"))

    def test_what_is_read_already_stays(self):
        self.assertEqual(parse_archive("ubuntu"), read(ARCHIVE, parse_archive("ubuntu")))

    def test_no_dependency_is_an_empty_word(self):
        self.assertIsNone(DEPENDENCY.convert("", None, None))

    def test_a_bad_reference_says_what_one_looks_like(self):
        self.assertRaises(BuildmasterError, read, ARCHIVE, "~cprov/ubuntu")

    def test_enumerations_go_by_their_names_in_either_case(self):
        self.assertEqual(
            (Pocket.SECURITY, BuildState.NEEDSBUILD), (read(POCKET, "security"), read(STATE, "NeedsBuild"))
        )
        result = CliRunner().invoke(click.Command("x", params=[click.Argument(["word"], type=STATE)]), ["OLD"])
        self.assertEqual(2, result.exit_code)
