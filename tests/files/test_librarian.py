"""The librarian keeps files by their SHA-256."""

import os
import time

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from buildmaster.files.librarian import FolderLibrarian, ILibrarian
from tests.support.databases import a_folder
from tests.support.librariancontract import LibrarianContract


class FolderLibrarianTests(LibrarianContract, SynchronousTestCase):
    def setUp(self):
        self.folder = a_folder()

    def make_librarian(self):
        return FolderLibrarian(self.folder / "librarian")

    def a_file(self, held):
        path = self.folder / "original"
        path.write_bytes(held)
        return path

    def test_it_is_a_librarian(self):
        self.assertTrue(verifyObject(ILibrarian, self.make_librarian()))

    def test_contents_lie_in_folders_by_their_names(self):
        sha256 = self.make_librarian().add(self.a_file(b"content")).sha256
        place = self.folder / "librarian" / sha256[:2] / sha256
        self.assertEqual(b"content", place.read_bytes())

    def test_another_process_sees_what_this_one_added(self):
        sha256 = self.make_librarian().add(self.a_file(b"content")).sha256
        self.assertEqual(b"content", self.make_librarian().path(sha256).read_bytes())

    def test_nothing_is_left_of_a_file_that_can_not_be_read(self):
        with self.assertRaises(IsADirectoryError):
            self.make_librarian().add(self.folder)
        self.assertEqual([], list((self.folder / "librarian").glob("new/*")))

    def test_nothing_temporary_is_left_of_a_good_one(self):
        self.make_librarian().add(self.a_file(b"content"))
        self.assertEqual([], list((self.folder / "librarian" / "new").iterdir()))

    def test_what_has_its_place_is_not_written_again(self):
        librarian = self.make_librarian()
        place = librarian.path(librarian.add(self.a_file(b"content")).sha256)
        before = place.stat().st_ino
        librarian.add(self.a_file(b"content"))
        self.assertEqual(before, place.stat().st_ino)

    def test_a_damaged_content_is_healed_by_adding_it_again(self):
        librarian = self.make_librarian()
        sha256 = librarian.add(self.a_file(b"content")).sha256
        librarian.path(sha256).write_bytes(b"damaged")
        librarian.add(self.a_file(b"content"))
        self.assertEqual(b"content", librarian.path(sha256).read_bytes())


class DroppedMeanwhileTests(SynchronousTestCase):
    """What is added while housekeeping drops it stays, whichever step of the one the other comes at."""

    def setUp(self):
        self.folder = a_folder()
        self.librarian = FolderLibrarian(self.folder / "librarian")
        self.file = self.folder / "original"
        self.file.write_bytes(b"content")
        self.content = self.librarian.add(self.file)
        self.long_ago = time.time() - 1000
        os.utime(self.librarian.path(self.content.sha256), (self.long_ago, self.long_ago))

    def drop(self):
        return self.librarian.drop(self.content.sha256, self.long_ago + 60)

    def add(self):
        self.librarian.add(self.file)

    def adopt(self):
        self.librarian.adopt_all([(self.file, self.content)])

    def before(self, name, step):
        """Do something before the first call of a function of ``os``."""
        real = getattr(os, name)

        def call(*args, **kwargs):
            patched.restore()
            step()
            return real(*args, **kwargs)

        patched = self.patch(os, name, call)

    def check(self):
        self.assertEqual(b"content", self.librarian.path(self.content.sha256).read_bytes())
        self.assertEqual([], list((self.folder / "librarian" / "new").iterdir()))

    def test_what_is_added_between_the_look_and_the_drop(self):
        for step in (self.add, self.adopt):
            self.setUp()
            self.before("rename", step)
            self.assertFalse(self.drop())
            self.check()

    def test_what_is_dropped_before_each_step_of_adding(self):
        for step in (self.add, self.adopt):
            for name in ("utime", "link", "fstat", "fsync"):
                self.setUp()
                self.before(name, self.drop)
                step()
                self.check()

    def test_what_was_put_aside_when_the_master_was_killed_is_there(self):
        """It is made newer just before it is put aside, and the master is killed before it is put back."""

        def killed(*_):
            raise KeyboardInterrupt

        def renewed():
            self.add()
            self.patch(os, "link", killed)

        link = os.link
        self.before("rename", renewed)
        self.assertRaises(KeyboardInterrupt, self.drop)
        self.patch(os, "link", link)
        self.assertEqual(b"content", self.librarian.path(self.content.sha256).read_bytes())

    def test_what_is_added_while_it_is_aside(self):
        """It is made newer just before it is put aside, and copied before it is put back."""

        def renewed():
            self.add()
            self.before("link", self.add)

        self.before("rename", renewed)
        self.assertFalse(self.drop())
        self.check()


class KilledTests(SynchronousTestCase):
    """What is left of what a killed master was doing."""

    def setUp(self):
        self.librarian = FolderLibrarian(a_folder() / "librarian")
        self.new = self.librarian.folder / "new"
        self.file = a_folder() / "original"
        self.file.write_bytes(b"content")
        self.sha256 = self.librarian.add(self.file).sha256
        self.long_ago = time.time() - 1000

    def left(self):
        return [path.name for path in self.new.iterdir()]

    def put_aside(self, age=10_000):
        place = self.librarian.path(self.sha256)
        os.utime(place, (time.time() - age,) * 2)
        place.rename(self.new / f"{self.sha256}.dropped")

    def test_a_copy_that_never_came_to_its_place_goes_and_one_under_way_stays(self):
        (self.new / ("0" * 32)).write_bytes(b"cont")
        self.assertEqual((0, ["0" * 32]), (self.librarian.clear_up(self.long_ago), self.left()))
        self.assertEqual((1, []), (self.librarian.clear_up(time.time() + 60), self.left()))

    def test_what_is_being_dropped_just_now_is_let_alone_however_old_it_is(self):
        self.put_aside()
        self.assertEqual(0, self.librarian.clear_up(self.long_ago))
        self.assertEqual([f"{self.sha256}.dropped"], self.left())

    def test_what_was_put_aside_goes_back_to_be_dropped_as_old_as_it_was(self):
        self.put_aside()
        (self.librarian.folder / self.sha256[:2]).rmdir()
        self.assertEqual(1, self.librarian.clear_up(time.time() + 60))
        self.assertEqual((self.sha256,), self.librarian.older(self.sha256[:2], self.long_ago))
        self.assertTrue(self.librarian.drop(self.sha256, self.long_ago))
        self.assertEqual([], self.left())

    def test_what_was_added_again_meanwhile_stays_as_it_is(self):
        self.put_aside()
        self.librarian.add(self.file)
        self.assertEqual(1, self.librarian.clear_up(time.time() + 60))
        self.assertEqual((), self.librarian.older(self.sha256[:2], self.long_ago))
        self.assertEqual((b"content", []), (self.librarian.path(self.sha256).read_bytes(), self.left()))
