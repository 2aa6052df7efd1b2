"""A log is kept compressed, without credentials, however its bytes are cut on their way."""

import errno
import gzip
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.files.librarian import FolderLibrarian
from buildmaster.files.writing import HashedFile
from buildmaster.tasks.scanner.logfile import LONGEST_LINE, LogFile
from tests.support.databases import a_folder

LOG = b"deb http://buildd:secret@host/ hoary main\nmake \xff\xc3\xa9\nGet:1 http://buildd:secret@host/ InRelease"
SHOWN = "deb http://host/ hoary main\nmake \N{REPLACEMENT CHARACTER}\u00e9\nGet:1 http://host/ InRelease"


class LogFileTests(SynchronousTestCase):
    def setUp(self):
        self.librarian = FolderLibrarian(a_folder())

    def log(self, path):
        return LogFile(path, self.librarian)

    def kept(self, pieces):
        path = a_folder() / "log.gz"
        log = self.log(path)
        for piece in pieces[:-1]:
            log.add(piece)
            self.assertFalse(path.exists())
        content = log.finish(pieces[-1])
        self.assertEqual((path.stat().st_size, [path]), (content.size, list(path.parent.iterdir())))
        self.assertEqual(path.read_bytes(), self.librarian.path(content.sha256).read_bytes())
        return gzip.decompress(path.read_bytes()).decode()

    @given(st.sets(st.integers(0, len(LOG)), max_size=6))
    def test_credentials_are_gone_wherever_it_is_cut(self, cuts):
        ends = [0, *sorted(cuts), len(LOG)]
        self.assertEqual(SHOWN, self.kept([LOG[a:b] for a, b in pairwise(ends)]))

    def test_a_line_without_end_takes_a_bounded_part_of_memory(self):
        log = self.log(a_folder() / "log.gz")
        for _ in range(5):
            log.add(b"x" * LONGEST_LINE)
            self.assertLessEqual(len(log._packer._line), LONGEST_LINE)
        log.finish(b"")

    def test_one_of_which_a_piece_was_lost_is_never_whole(self):
        path = a_folder() / "log.gz"
        log = self.log(path)
        with patch("buildmaster.files.writing._opened", side_effect=OSError(errno.ENOSPC, "No space left on device")):
            self.assertRaises(OSError, log.add, LOG)
        self.assertRaises(OSError, log.finish, LOG)
        log.discard()
        self.assertEqual([], list(path.parent.iterdir()))

    def test_one_that_takes_the_place_of_a_file_that_nobody_may_write_into(self):
        path, opened = a_folder() / "file", Path.open
        path.write_bytes(b"old")

        def guarded(file, *args, **options):
            if file.exists() and "w" in args:
                raise PermissionError(errno.EACCES, "Permission denied")
            return opened(file, *args, **options)

        with patch.object(Path, "open", guarded):
            HashedFile(path).finish(b"new")
        self.assertEqual(b"new", path.read_bytes())

    def test_an_empty_log_is_a_log(self):
        self.assertEqual("", self.kept([b""]))

    def test_what_is_given_up_leaves_nothing(self):
        folder = a_folder()
        log = self.log(folder / "log.gz")
        log.add(LOG)
        log.discard()
        self.assertEqual([], list(folder.iterdir()))
