"""The stories of tests/stories, told on a running system: what a story shows must be what happens.

A story gets ``farm``, a RunningFarm; ``buildmaster(words)``, which prints what the command prints; ``start(conf)``, a
DaemonProcess on a farm of its own; ``mail_host()``, a MailBox; and ``wait_until``.
"""

import doctest
import io
import shlex
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.support.mailbox import MailBox
from tests.support.processes import DaemonProcess, wait_until
from tests.support.runningfarm import RunningFarm

STORIES = sorted((Path(__file__).parents[1] / "stories").glob("*.rst"))
LOOKS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.FAIL_FAST


def the_command(farm):
    """Return what runs the command in a story: it prints what the command says, on either stream."""

    def buildmaster(words):
        print(farm.result(*shlex.split(words)).output, end="")  # noqa: T201  (a story's example is what is printed)

    return buildmaster


def told(path):
    """Return a test that tells a story."""

    def test(self):
        farm = RunningFarm(self)
        names = {"farm": farm, "buildmaster": the_command(farm), "wait_until": wait_until, "__name__": "story"}
        names |= {"start": lambda conf: DaemonProcess(self, conf), "mail_host": lambda: MailBox(self)}
        story = doctest.DocTestParser().get_doctest(path.read_text(), names, path.stem, str(path), 0)
        self.assertNotEqual([], story.examples)
        wrong = io.StringIO()
        outcome = doctest.DocTestRunner(optionflags=LOOKS).run(story, out=wrong.write)
        self.assertEqual(0, outcome.failed, wrong.getvalue())

    return test


class StoryTests(SynchronousTestCase):
    """One test for each story."""


for _path in STORIES:
    setattr(StoryTests, f"test_{_path.stem.replace('-', '_')}", told(_path))
