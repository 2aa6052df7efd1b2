"""The manual keeps up with the program."""

import re
import shutil
import subprocess
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.cli.main import COMMANDS

DOCS = Path(__file__).parents[2] / "docs"
MAN_PAGE = DOCS / "buildmaster.1"


class ManPageTests(SynchronousTestCase):
    def test_every_command_is_named(self):
        named = set(re.findall(r"[a-z][a-z-]+", MAN_PAGE.read_text()))
        self.assertEqual(set(), {command.name for command in COMMANDS} - named)

    def test_it_is_well_formed(self):
        self.assertTrue(shutil.which("groff"), "groff is missing: `sh tests/prepare`, as root, installs it")
        done = subprocess.run(["groff", "-man", "-ww", "-z", MAN_PAGE], capture_output=True, text=True, check=False)
        self.assertEqual("", done.stderr)


class PageTests(SynchronousTestCase):
    def test_no_line_is_longer_than_a_reader_likes(self):
        long = [
            f"{path.name}: {line}"
            for path in DOCS.glob("*.rst")
            for line in path.read_text().splitlines()
            if len(line) > 132
        ]
        self.assertEqual([], long)

    def test_signals_and_mails_are_told_where_operators_look(self):
        text = (DOCS / "operating.rst").read_text()
        for word in ("``HUP``", "``USR1``", "``TERM``", "works again", "VACUUM INTO", "pg_dump"):
            self.assertIn(word, text)
