"""A folder of an upload is read into values, and nothing in it makes that raise."""

import gzip
import io
import stat
import subprocess
import tarfile

from debian.deb822 import Deb822
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster import packages
from buildmaster.packages import (
    LARGEST_STANZA,
    ChangedMeanwhileError,
    parse_stanza,
    read_deb,
    read_folder,
    read_marked,
    read_stanza,
    seal,
)
from tests.databases import a_folder
from tests.packages import a_changes, a_control, a_deb, a_dsc, a_tar, an_ar, results, write

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


LINES = ["Source: a", "source:b", "Files: ", "Files:", "Empty:  ", " more ", "  m: ore", " ", "", "\t", "#", "-", ":", " .",
         "a b: c", "é: é", "A:\u2028b", "A\r", "-----BEGIN PGP SIGNED MESSAGE-----", "-----END PGP SIGNATURE-----"]  # fmt: skip


class PlainTests(SynchronousTestCase):
    """What is written plainly is read as python-debian and tarfile read it."""

    @given(st.one_of(st.text(), st.lists(st.sampled_from(LINES)).map("\n".join)))
    def test_the_fields_of_any_text(self, text):
        self.assertIn(packages._plain_fields(text), ({}, dict(Deb822(text))))

    def test_what_builders_write_is_plain(self):
        for text in (
            a_control(Description="é\n more\n ."),
            a_changes({"a.deb": b"a"}),
            "A: a\nFiles: \n b c\nD:\n",
            "A: a",
        ):
            self.assertEqual(dict(Deb822(text)), packages._plain_fields(text), text)

    def test_a_huge_one_takes_no_longer_than_its_length(self):
        for line in ("a: b\n", "a:\n" + " b\n" * 3, " ", "a"):
            packages._plain_fields(line * (LARGEST_STANZA // len(line)))

    @given(
        st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
        st.lists(
            st.tuples(
                st.sampled_from(
                    ["./", "control", "./control", "./md5sums", "./é", "./" + "long/" * 24 + "control", "a/control"]
                ),
                st.sampled_from([tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE]),
                st.binary(max_size=600),
            ),
            max_size=4,
        ),
        st.integers(0, 3000),
        st.binary(max_size=3),
    )
    def test_the_control_file_of_any_tar(self, form, members, place, other):
        tar = tar_of(form, members)
        damaged = tar[:place] + other + tar[place + len(other) :]
        for unpacked in (tar, damaged, tar[:place]):
            self.assertIn(packages._plain_control(unpacked), (b"", any_control(unpacked)))

    def test_the_tars_of_the_usual_programs_are_plain(self):
        folder = write(a_folder(), {"md5sums": b"5", "control": a_control().encode()})
        packed = subprocess.run(["tar", "-C", folder, "-c", "."], check=True, capture_output=True).stdout
        for tar in (packed, a_tar(md5sums="5", control=a_control())):
            self.assertEqual(a_control().encode(), packages._plain_control(tar))


def tar_of(form, members):
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=form) as tar:
        for name, kind, content in members:
            member = tarfile.TarInfo(name)
            member.type, member.size = kind, len(content)
            member.linkname = "md5sums" if kind in {tarfile.SYMTYPE, tarfile.LNKTYPE} else ""
            tar.addfile(member, io.BytesIO(content))
    return held.getvalue()


def any_control(unpacked):
    """Return what tarfile finds, or nothing where it finds fault."""
    try:
        return packages._any_control(unpacked)
    except (packages._UnreadableError, *packages.TROUBLES):
        return b""


class DebTests(SynchronousTestCase):
    def setUp(self):
        self.path = a_folder() / "a.deb"

    def read(self, held):
        self.path.write_bytes(held)
        return read_deb(self.path)

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
            self.assertEqual((None, "hello"), (read_deb(self.path).fault, read_deb(self.path)["Package"]), way)
