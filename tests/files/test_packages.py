"""A folder of an upload is read into values, and nothing in it makes that raise."""

import gzip
import stat
import subprocess

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.files.packages import (
    LARGEST_STANZA,
    ChangedMeanwhileError,
    parse_stanza,
    read_folder,
    read_marked,
    read_stanza,
    seal,
)
from tests.support.databases import a_folder
from tests.support.packages import a_control, a_deb, a_dsc, a_tar, an_ar, deb_stanza, results, write

SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{}\n-----BEGIN PGP SIGNATURE-----\n\nxx\n-----END PGP SIGNATURE-----\n"


class FolderTests(SynchronousTestCase):
    def setUp(self):
        self.folder = a_folder()

    def test_all_files_are_read(self):
        files = results()
        read = read_folder(write(self.folder, files))
        self.assertEqual(sorted(files), sorted(read.found))
        self.assertEqual(["hello_1.0-1_i386.changes", "hello_1.0-1_i386.deb"], sorted(read.stanzas))
        self.assertEqual((), read.faults)

    def test_what_we_put_there_is_skipped(self):
        write(self.folder, {"uploader.log": b""})
        self.assertEqual({}, read_folder(self.folder, frozenset({"uploader.log"})).found)

    def test_only_regular_files_are_opened(self):
        (self.folder / "passwd.deb").symlink_to("/etc/passwd")
        (self.folder / "folder").mkdir()
        read = read_folder(self.folder)
        self.assertEqual(
            ({}, ("'folder' is no regular file.", "'passwd.deb' is no regular file.")), (read.found, read.faults)
        )


class SealTests(SynchronousTestCase):
    def setUp(self):
        self.file = write(a_folder(), {"a.deb": b"content"}) / "a.deb"
        self.mark = read_marked(self.file.parent).marks["a.deb"]

    def test_what_was_read_is_read_only_from_then_on_and_no_more_open_to_others(self):
        for mode in (0o644, 0o600, 0o6777):
            self.file.chmod(mode)
            seal(self.file.parent, "a.deb", self.mark)
            self.assertEqual(mode & 0o555, stat.S_IMODE(self.file.stat().st_mode))
        self.assertEqual(b"content", self.file.read_bytes())

    def test_what_was_edited_meanwhile_is_told(self):
        for edited in (b"changed", b"longer content"):
            self.file.write_bytes(edited)
            self.assertRaises(ChangedMeanwhileError, seal, self.file.parent, "a.deb", self.mark)

    def test_another_file_of_the_name_is_told(self):
        write(self.file.parent, {"b": b"content"}).joinpath("b").rename(self.file)
        self.assertRaises(ChangedMeanwhileError, seal, self.file.parent, "a.deb", self.mark)


class StanzaTests(SynchronousTestCase):
    def test_a_signature_is_taken_off(self):
        stanza = parse_stanza("a.dsc", SIGNED.format(a_dsc({})).encode())
        self.assertEqual("hello", stanza["Source"])

    def test_what_is_no_control_file_has_a_fault(self):
        for written in (b"", b"\xff", b"\n\n", b"hello"):
            self.assertIsNotNone(parse_stanza("a.dsc", written).fault, written)

    def test_a_huge_one_is_not_read(self):
        write(folder := a_folder(), {"a.dsc": b"Source: a\n" + b" " * LARGEST_STANZA})
        self.assertIn("more than", read_stanza(folder / "a.dsc").fault)

    @given(st.one_of(st.binary(), st.text().map(str.encode)))
    def test_no_bytes_raise(self, written):
        parse_stanza("a.dsc", written)

    @given(st.lists(st.sampled_from(["Source: a", " more", "", "-----BEGIN PGP SIGNED MESSAGE-----",
                                     "-----BEGIN PGP SIGNATURE-----", "-----END PGP SIGNATURE-----", ":", "a: b", "#"])))  # fmt: skip
    def test_nor_do_half_signed_files(self, lines):
        parse_stanza("a.dsc", "\n".join(lines).encode())


class DebTests(SynchronousTestCase):
    def setUp(self):
        self.path = a_folder() / "a.deb"

    def read(self, held):
        self.path.write_bytes(held)
        return deb_stanza(self.path)

    def test_the_control_file_is_read(self):
        stanza = self.read(a_deb())
        self.assertEqual(
            ("hello", "1.0-1", None, a_control()), (stanza["Package"], stanza["Version"], stanza.fault, stanza.text)
        )

    def test_what_is_no_deb_has_a_fault(self):
        good = a_deb()
        tar = gzip.compress(a_tar(control=a_control()))
        for held in (b"", b"!<arch>\n", good[:100], good[:8] + b"x" * 200, an_ar(("debian-binary", b"2.0\n")),
                     an_ar(("control.tar.gz", tar[:40])), an_ar(("control.tar.rar", tar)), an_ar(("control.tar", b"x" * 600)),
                     an_ar(("control.tar.gz", gzip.compress(a_tar(md5sums=""))))):  # fmt: skip
            self.assertIn("no binary package", self.read(held).fault)

    def test_a_negative_size_does_not_send_us_round(self):
        header = b"debian-binary   0           0     0     100644  -60       `\n"
        self.assertIn("damaged", self.read(b"!<arch>\n" + header * 3).fault)

    def test_what_unpacks_to_gibibytes_is_not_unpacked(self):
        bomb = gzip.compress(b"\0" * (64 << 20), 9)
        self.assertIsNotNone(self.read(an_ar(("control.tar.gz", bomb))).fault)

    @given(st.integers(0, 10_000), st.binary(min_size=1, max_size=8))
    def test_no_damage_raises(self, place, other):
        held = bytearray(a_deb())
        place %= len(held)
        held[place : place + len(other)] = other
        self.read(bytes(held))

    def test_all_that_dpkg_deb_makes_is_read(self):
        tree = a_folder() / "tree"
        write(tree / "DEBIAN", {"control": a_control().encode()})
        tree.chmod(0o755)
        (tree / "DEBIAN").chmod(0o755)
        for way in ("gzip", "xz", "none", "zstd"):
            command = ["dpkg-deb", f"-Z{way}", "--uniform-compression", "--build", tree, self.path]
            subprocess.run(command, check=True, capture_output=True)
            stanza = deb_stanza(self.path)
            self.assertEqual((None, "hello"), (stanza.fault, stanza["Package"]), way)
