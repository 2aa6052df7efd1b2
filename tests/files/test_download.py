"""Files are fetched, and checked as they come."""

import gzip
import hashlib
import lzma
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.files.download import AbsentError, FetchError, fetch, text_lines


class FetchTests(SynchronousTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.source, self.to = self.root / "source", self.root / "to"
        self.source.write_bytes(b"content")
        self.sha256 = hashlib.sha256(b"content").hexdigest()

    def fetch(self, *more, url=None):
        return fetch(url or self.source.as_uri(), self.to, *more)

    def test_writes_what_is_there(self):
        self.assertEqual(self.sha256, self.fetch(7, self.sha256))
        self.assertEqual(b"content", self.to.read_bytes())

    def test_takes_nothing_else(self):
        error = self.assertRaises(FetchError, self.fetch, 7, "0" * 64)
        self.assertIn("another SHA-256", str(error))

    def test_takes_no_more_than_the_limit(self):
        error = self.assertRaises(FetchError, self.fetch, 6)
        self.assertIn("more than 6 bytes", str(error))

    def test_says_that_nothing_is_there(self):
        self.assertRaises(AbsentError, self.fetch, 7, url=(self.root / "nothing").as_uri())

    def test_other_schemes_are_refused(self):
        error = self.assertRaises(FetchError, self.fetch, 7, url="ftp://u:secret@host/")
        self.assertEqual("ftp://host/ can't be fetched: its scheme is none of http://, https://, file://", str(error))


class TextTests(SynchronousTestCase):
    def test_what_is_in_the_file_decides_how_it_is_read(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "index"
            for content in (b"one\ntwo\n", gzip.compress(b"one\ntwo\n"), lzma.compress(b"one\ntwo\n")):
                path.write_bytes(content)
                with path.open("rb") as file, text_lines(file) as lines:
                    self.assertEqual(["one\n", "two\n"], list(lines))
