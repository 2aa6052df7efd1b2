"""The log of a build keeps no passwords, however the output is cut."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.workers.buildd.buildlog import BuildLog
from tests.support.databases import a_folder

LINE = b"Get:1 http://cprov:s3cret@private.example.org/ubuntu hoary: done\n"
CLEAN = b"Get:1 http://private.example.org/ubuntu hoary: done\n"


class BuildLogTests(SynchronousTestCase):
    def setUp(self):
        self.path = a_folder() / "log"
        self.buildlog = BuildLog(self.path)
        self.addCleanup(self.buildlog.close)

    def test_plain_output_is_there_at_once(self):
        self.buildlog.write(b"....")
        self.assertEqual(b"....", self.path.read_bytes())

    def test_the_tail_is_the_last_2048_bytes(self):
        self.buildlog.write(b"x" * 3000 + b"end")
        self.assertEqual(b"x" * 2045 + b"end", self.buildlog.tail)

    def test_what_was_held_back_comes_at_the_end(self):
        self.buildlog.write(b"note:half")
        self.buildlog.close()
        self.assertEqual((b"note:half", b"note:half"), (self.path.read_bytes(), self.buildlog.tail))

    @given(st.lists(st.integers(0, 2 * len(LINE)), max_size=8))
    def test_no_cut_lets_a_password_through(self, cuts):
        path = a_folder() / "log"
        buildlog, edges = BuildLog(path), [0, *sorted(cuts), None]
        for start, end in pairwise(edges):
            buildlog.write((LINE * 2)[start:end])
        buildlog.close()
        self.assertEqual(CLEAN * 2, path.read_bytes())
