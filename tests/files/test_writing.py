"""Files are hashed as hashlib does, and written whole and flushed, however many there are."""

import hashlib
import io
import os
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.vocabulary.contents import Content
from buildmaster.files.writing import (
    FLUSHED_AT_ONCE,
    READ_ONLY,
    WRITABLE,
    Written,
    batched,
    content_of,
    write,
    write_flushed,
)
from tests.support.databases import a_folder


class ContentTests(SynchronousTestCase):
    @given(st.binary())
    def test_both_sums_are_of_all_bytes(self, held):
        sums = hashlib.sha256(held).hexdigest(), hashlib.sha1(held, usedforsecurity=False).hexdigest()
        self.assertEqual(Content(*sums, len(held)), content_of(held))


class WriteTests(SynchronousTestCase):
    def test_a_disk_that_takes_a_part_at_a_time_gets_all(self):
        class Slow(io.BytesIO):
            def write(self, piece):
                return super().write(bytes(piece[:3]))

        file = Slow()
        write(file, b"0123456789")
        self.assertEqual(b"0123456789", file.getvalue())

    def test_each_of_many_files_is_written_and_flushed(self):
        folder, flushed = a_folder(), []
        modes = (WRITABLE, READ_ONLY)
        files = [
            Written(folder / str(number), b"%d" % number, modes[number % 2]) for number in range(FLUSHED_AT_ONCE + 3)
        ]
        with patch("os.fsync", lambda descriptor: flushed.append(os.fstat(descriptor).st_ino)):
            write_flushed(files)
        self.assertEqual([file.content for file in files], [file.path.read_bytes() for file in files])
        self.assertEqual([file.path.stat().st_ino for file in files], flushed)
        self.assertEqual({0o200, 0}, {file.path.stat().st_mode & 0o222 & ~0o022 for file in files})

    @given(st.lists(st.integers()), st.integers(1, 9))
    def test_pieces_are_all_of_it_in_order_and_none_is_too_large(self, items, size):
        pieces = list(batched(items, size))
        self.assertEqual(items, [item for piece in pieces for item in piece])
        self.assertTrue(all(1 <= len(piece) <= size for piece in pieces))
