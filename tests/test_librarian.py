"""The librarian keeps files by their SHA-256."""

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from buildmaster.librarian import FolderLibrarian, ILibrarian
from tests.databases import a_folder
from tests.librarian_contract import LibrarianContract


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
