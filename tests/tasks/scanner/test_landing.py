"""Results land many at once: each whole or not at all, and what is wrong with one spares the others."""

import errno
import gzip
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.files.layout import INCOMING, make_folders
from buildmaster.files.librarian import FolderLibrarian
from buildmaster.tasks.scanner import landing
from buildmaster.tasks.scanner.landing import FetchedBuild, FetchedResults, FetchFolders, WrongContentError
from tests.support.databases import a_folder
from tests.support.master import sha1
from tests.support.rows import NOW


def collected(number, **more):
    name, content = f"p{number}_1_i386.deb", b"deb %d" % number
    results = FetchedResults(**{"held": {name: content}, **more})
    return FetchedBuild(f"{number}-1", ((name, sha1(content)),), b"log %d\n" % number, results)


class LandingTests(SynchronousTestCase):
    def setUp(self):
        self.root = a_folder()
        make_folders(self.root)
        self.librarian = FolderLibrarian(self.root / "librarian")
        self.folders = FetchFolders(self.root, self.librarian, lambda: NOW)

    def landed(self):
        return sorted(path.name for path in (self.root / INCOMING).iterdir())

    def log(self, content):
        return gzip.decompress(self.librarian.path(content.sha256).read_bytes())

    def test_each_has_its_log_and_its_folder_which_nobody_writes_into(self):
        ends = self.folders.land([collected(1), collected(2)])
        self.assertEqual([b"log 1\n", b"log 2\n"], [self.log(log) for log, _ in ends])
        self.assertEqual(self.landed(), [leaf for _, leaf in ends])
        for number, (_, leaf) in enumerate(ends, 1):
            file = self.root / INCOMING / leaf / f"p{number}_1_i386.deb"
            self.assertEqual(b"deb %d" % number, file.read_bytes())
            self.assertEqual(0, file.stat().st_mode & 0o222)

    def test_one_that_is_not_what_was_promised_spares_the_others(self):
        bad = collected(2, held={"p2_1_i386.deb": b"other"})
        good, wrong, last = self.folders.land([collected(1), bad, collected(3)])
        self.assertEqual(self.landed(), [good[1], last[1]])
        self.assertIsInstance(wrong.value, WrongContentError)
        self.assertTrue((self.root / "gathering/2-1.log.gz").exists())

    def test_one_that_can_not_be_moved_spares_the_others(self):
        rename = Path.rename

        def full(path, target):
            if path.name == "2-1":
                raise OSError(errno.ENOSPC, "No space left on device")
            return rename(path, target)

        with patch.object(Path, "rename", full):
            good, failed, last = self.folders.land([collected(1), collected(2), collected(3)])
        self.assertEqual(self.landed(), [good[1], last[1]])
        self.assertIsInstance(failed, Failure)
        [again] = self.folders.land([collected(2)])
        self.assertIn(again[1], self.landed())

    def test_where_the_move_may_not_last_nothing_lands_again_and_it_is_found(self):
        sync, times = landing.sync_folder, []

        def broken(folder):
            if folder.name == INCOMING and not times:
                times.append("broken")
                raise OSError(errno.EIO, "Input/output error")
            sync(folder)

        with patch.object(landing, "sync_folder", broken):
            ends = self.folders.land([collected(1), collected(2)])
        self.assertEqual([OSError, OSError], [end.type for end in ends])
        self.assertEqual(self.landed(), [self.folders.found(f"{number}-1", ()).leaf for number in (1, 2)])

    def test_a_big_file_that_is_gone_is_not_left_out(self):
        thing = replace(collected(1), filemap=(("big.deb", "0" * 40), *collected(1).filemap))
        self.assertRaises(FileNotFoundError, self.folders.land, [thing])
        self.assertEqual([], self.landed())

    def test_what_has_landed_stays_where_it_is(self):
        [(_, leaf)] = self.folders.land([collected(1)])
        before = self.landed()
        self.assertEqual([leaf], [leaf for _, leaf in self.folders.land([collected(1, leaf=leaf, held={})])])
        self.assertEqual(before, self.landed())
