"""What every librarian must do."""

import hashlib
import os
import time

from buildmaster.farm.vocabulary.contents import Content
from buildmaster.files.librarian import NotKeptError
from tests.support.databases import a_folder

MISSING = "0" * 64


def content_of(held):
    """Return what a librarian must say of ``held``."""
    return Content(hashlib.sha256(held).hexdigest(), hashlib.sha1(held).hexdigest(), len(held))


class LibrarianContract:
    """Mix into a test case that has ``make_librarian()`` and ``a_file(held) -> Path``."""

    def test_says_what_a_file_holds(self):
        held = b"abc" * 1_000_000
        self.assertEqual(content_of(held), self.make_librarian().add(self.a_file(held)))

    def test_many_files_are_kept_as_each_alone(self):
        held = [b"", b"content", b"abc" * 1_000_000, b"content", b"abc" * 1_000_000]
        librarian, files = self.make_librarian(), self.files(held)
        contents = librarian.add_all(files)
        self.assertEqual([content_of(each) for each in held], contents)
        self.assertEqual(held, [librarian.path(content.sha256).read_bytes() for content in contents])
        self.assertEqual(contents, [librarian.add(file) for file in files])

    def test_more_files_are_kept_than_may_be_open(self):
        librarian, held = self.make_librarian(), [b"%d" % number for number in range(1100)]
        contents = librarian.add_all(self.files(held))
        self.assertEqual(held, [librarian.path(content.sha256).read_bytes() for content in contents])

    def test_many_files_of_ours_are_kept_whatever_becomes_of_their_first_names(self):
        held = [b"", b"content", b"abc" * 1_000_000, b"content"]
        for _ in range(2):
            librarian, files = self.make_librarian(), self.files(held)
            librarian.adopt_all([(file, content_of(each)) for file, each in zip(files, held, strict=True)])
            for file in files:
                file.unlink()
            self.assertEqual(held, [librarian.path(content_of(each).sha256).read_bytes() for each in held])

    def files(self, held):
        """Return new files that hold that."""
        return [self.a_file(each).rename(a_folder() / "file") for each in held]

    def test_a_file_of_ours_is_kept_whatever_becomes_of_its_first_name(self):
        librarian, held = self.make_librarian(), b"content"
        for _ in range(2):
            mine = self.a_file(held)
            librarian.adopt_all([(mine, content_of(held))])
            mine.unlink()
            self.assertEqual(held, librarian.path(content_of(held).sha256).read_bytes())

    def test_what_is_adopted_is_new(self):
        librarian, mine = self.make_librarian(), self.a_file(b"content")
        os.utime(mine, (0, 0))
        librarian.adopt_all([(mine, content_of(b"content"))])
        sha256 = content_of(b"content").sha256
        self.assertEqual((), librarian.older(sha256[:2], time.time() - 1000))

    def test_gives_back_what_was_added(self):
        librarian = self.make_librarian()
        sha256 = librarian.add(self.a_file(b"content")).sha256
        with librarian.open(sha256) as file:
            self.assertEqual(b"content", file.read())
        self.assertEqual(b"content", librarian.path(sha256).read_bytes())

    def test_keeps_an_empty_file(self):
        librarian = self.make_librarian()
        self.assertEqual(b"", librarian.path(librarian.add(self.a_file(b"")).sha256).read_bytes())

    def test_the_original_may_go(self):
        librarian, original = self.make_librarian(), self.a_file(b"content")
        sha256 = librarian.add(original).sha256
        original.unlink()
        self.assertEqual(b"content", librarian.path(sha256).read_bytes())

    def test_adding_twice_is_adding_once(self):
        librarian = self.make_librarian()
        first, second = librarian.add(self.a_file(b"same")), librarian.add(self.a_file(b"same"))
        self.assertEqual(first, second)
        librarian.drop(first.sha256)
        self.assertRaises(NotKeptError, librarian.path, first.sha256)

    def test_what_is_not_there_has_an_error_of_its_own(self):
        librarian = self.make_librarian()
        self.assertRaises(NotKeptError, librarian.open, MISSING)
        self.assertRaises(NotKeptError, librarian.path, MISSING)

    def test_dropping_what_is_not_there_is_no_error(self):
        self.make_librarian().drop(MISSING)

    def test_a_name_that_is_no_digest_leads_nowhere(self):
        for name in ("", "../../etc/passwd", MISSING[1:], MISSING.upper().replace("0", "A"), f"{MISSING}\n"):
            self.assertRaises(NotKeptError, self.make_librarian().path, name)

    def test_finds_what_was_added_before_a_time(self):
        librarian = self.make_librarian()
        sha256 = librarian.add(self.a_file(b"content")).sha256
        self.assertEqual((sha256,), librarian.older(sha256[:2], time.time() + 60))
        self.assertEqual((), librarian.older(sha256[:2], time.time() - 60))
        self.assertEqual((), librarian.older("00" if sha256[:2] != "00" else "01", time.time() + 60))

    def test_only_what_is_old_is_dropped_by_its_age(self):
        librarian, now = self.make_librarian(), time.time()
        sha256 = librarian.add(self.a_file(b"content")).sha256
        self.assertFalse(librarian.drop(sha256, now - 60))
        self.assertEqual(b"content", librarian.path(sha256).read_bytes())
        self.assertTrue(librarian.drop(sha256, now + 60))
        self.assertRaises(NotKeptError, librarian.path, sha256)
        self.assertFalse(librarian.drop(sha256, now + 60))

    def test_what_is_added_again_is_as_new(self):
        librarian, long_ago = self.make_librarian(), time.time() - 1000
        for held in (b"content", b"abc" * 1_000_000):
            sha256 = librarian.add(self.a_file(held)).sha256
            os.utime(librarian.path(sha256), (long_ago, long_ago))
            self.assertEqual((sha256,), librarian.older(sha256[:2], long_ago + 60))
            librarian.add(self.a_file(held))
            self.assertEqual((), librarian.older(sha256[:2], long_ago + 60))
