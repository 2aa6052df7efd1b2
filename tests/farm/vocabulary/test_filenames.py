"""Which names of files are accepted from outside."""

import os
from pathlib import PurePosixPath

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.vocabulary.filenames import is_safe

GOOD = ["pmount_0.1-1_i386.deb", "a", "libstdc++6_4:1.0~rc1-2_amd64.changes", "x" * 255]
BAD = [
    "",
    ".",
    "..",
    ".hidden",
    "-rf",
    "a/b",
    "/etc/passwd",
    "../a",
    "a\\b",
    "a b",
    "a\n",
    "a\0",
    "ä",
    "x" * 256,
    "a*",
    "_",
]


class FileNameTests(SynchronousTestCase):
    def test_debians_names_are_accepted(self):
        self.assertEqual([], [name for name in GOOD if not is_safe(name)])

    def test_what_could_lead_elsewhere_is_not(self):
        self.assertEqual([], [name for name in BAD if is_safe(name)])

    @given(st.text(max_size=300))
    def test_what_is_accepted_is_one_component_that_a_disk_can_hold(self, name):
        if is_safe(name):
            self.assertEqual(name, PurePosixPath(name).name)
            self.assertNotIn(name, {"", ".", ".."})
            self.assertLessEqual(len(os.fsencode(name)), 255)
