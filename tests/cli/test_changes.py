"""A change is committed with its line in the trail; then the jobs that act on it are woken."""

import ast
import socket
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.cli import changes, nouns
from buildmaster.cli.changes import NOBODY, SCANNING, change
from buildmaster.cli.farm import Farm
from buildmaster.daemon.config.reading import BUILT_IN_TASKS
from buildmaster.daemon.waking import SOCKET
from buildmaster.model.listings.distributions import processors
from buildmaster.model.listings.trail import trail
from buildmaster.model.register.distributions import add_processor
from tests.support.commands import CommandFarm

WORDS = {name: words for name, words in vars(changes).items() if isinstance(words, tuple)}
NOUNS = sorted(Path(nouns.__file__).parent.glob("*.py"))


def changes_in(path):
    """Return the calls of ``change`` in a module, each with the words that it is given."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    found = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "change"]
    return [(call.lineno, {word.arg: ast.unparse(word.value) for word in call.keywords}) for call in found]


class ChangeTests(SynchronousTestCase):
    def setUp(self):
        place = CommandFarm(self)
        self.farm = Farm(place.path)
        self.addCleanup(self.farm.close)
        self.daemon = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.daemon.close)
        self.daemon.bind(str(place.root / SOCKET))
        self.daemon.setblocking(False)

    def change(self, name="amd64", **words):
        return change(self.farm, "processor add", name, add_processor, name, **words)

    def test_who_is_named_is_woken_after_the_commit(self):
        self.change(wakes=SCANNING)
        self.assertEqual(" ".join(SCANNING).encode(), self.daemon.recv(100))
        self.assertEqual(["amd64"], [row.name for row in self.farm.transactions.read(processors)])

    def test_nobody_is_woken_where_nobody_acts_on_it(self):
        self.change(wakes=NOBODY)
        self.assertRaises(BlockingIOError, self.daemon.recv, 100)

    def test_what_fails_wakes_nobody_and_is_in_no_trail(self):
        self.assertRaises(ValueError, change, self.farm, "x", "y", lambda _: int("z"), wakes=SCANNING)
        self.assertRaises(BlockingIOError, self.daemon.recv, 100)
        self.assertEqual([], self.farm.transactions.read(trail, None, None))

    def test_details_that_were_not_asked_for_are_left_out(self):
        self.change(wakes=NOBODY, title=None, score=5)
        (row,) = self.farm.transactions.read(trail, None, None)
        self.assertEqual(("processor add", "amd64", {"score": 5}), (row.action, row.subject, row.details))

    def test_a_change_that_names_nobody_is_refused(self):
        self.assertRaises(TypeError, self.change)


class EveryCommandTests(SynchronousTestCase):
    def test_every_change_names_whom_it_wakes_by_words_of_changes(self):
        found = [(path.name, line, words.get("wakes")) for path in NOUNS for line, words in changes_in(path)]
        wrong = [
            place
            for *place, wakes in found
            if wakes is None or set(wakes.strip("()").replace("*", "").split(", ")) - {*WORDS}
        ]
        self.assertEqual([], wrong)
        self.assertGreater(len(found), 30)

    def test_the_words_are_built_in_jobs(self):
        self.assertEqual(set(), {job for words in WORDS.values() for job in words} - {*BUILT_IN_TASKS})

    def test_no_command_that_changes_by_change_nudges_itself(self):
        nudging = {path.stem for path in NOUNS if "farm.nudge(" in path.read_text()}
        self.assertEqual(
            {"upload", "importsources", "campaign"}, nudging
        )  # they write in pieces, or through the intake
