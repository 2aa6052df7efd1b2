"""What builds leave is removed, and nothing else."""

import signal
import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.workers.buildd.leftovers import MARK, kill_marked, remove_tree
from tests.support.databases import a_folder


class KillMarkedTests(SynchronousTestCase):
    """A real child, for what /proc says of it can't be pretended."""

    def child(self, mark):
        code = "import sys; print(flush=True); sys.stdin.read()"
        child = subprocess.Popen(
            [sys.executable, "-c", code], env={MARK: mark}, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        child.stdout.readline()
        self.addCleanup(child.communicate)
        return child

    def test_the_marked_ones_are_killed_and_no_others(self):
        folder = a_folder()
        ours, other = self.child(f"{folder}/build-1-1"), self.child(f"{folder}x/build-1-1")
        kill_marked(folder)
        self.assertEqual(-signal.SIGKILL, ours.wait(10))
        self.assertIsNone(other.poll())


class RemoveTreeTests(SynchronousTestCase):
    def test_the_folder_goes_with_all_in_it(self):
        folder = a_folder()
        (folder / "chroot/etc").mkdir(parents=True)
        remove_tree(folder)
        self.assertFalse(folder.exists())

    def test_what_is_not_there_is_no_trouble(self):
        remove_tree(a_folder() / "none")
