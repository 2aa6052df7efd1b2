"""What the documents say can be typed."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.support.commands import CommandFarm
from tests.support.firstfarm import a_tarball

DOCS = Path(__file__).parents[2] / "docs"
COMMAND = "    buildmaster "
NOT_HERE = ("run", "upload", "build show", "build log")  # the daemon, and what is there only after builds


def commands(document):
    """Return the commands that stand in the document's literal blocks, one a line."""
    lines = [line for line in (DOCS / document).read_text().splitlines() if line.startswith(COMMAND)]
    found = [line.removeprefix(COMMAND) for line in lines]
    return [line for line in found if not line.startswith(NOT_HERE)]


class FirstFarmDocumentTests(SynchronousTestCase):
    def test_its_commands_make_a_farm(self):
        farm = CommandFarm(self)
        a_tarball(farm.root / "chroot.tar.gz")
        typed = commands("first-farm.rst")
        for line in typed:
            words = [str(farm.root / "chroot.tar.gz") if word.endswith(".tar.gz") else word for word in line.split()]
            farm.run(*words)
        self.assertGreater(len(typed), 20)
        self.assertEqual(["bob", "frog"], [row["name"] for row in farm.json("builder", "list")])
