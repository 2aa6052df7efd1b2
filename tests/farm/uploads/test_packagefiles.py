"""What .dsc and .changes files say of others is read, whatever they say."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.uploads.packagefiles import (
    FoundFile,
    ListedFile,
    Stanza,
    deb_name,
    differences,
    listed_files,
    unlisted,
)
from buildmaster.farm.vocabulary.contents import Content
from buildmaster.farm.vocabulary.filenames import is_safe

A, B = "a" * 32, "b" * 64
GOOD = ("hello_1.0-1_i386.deb", "libg++3_1~rc1.orig.tar.gz", "0ad_1.dsc", "a" * 255)
BAD = ("", ".", "..", "../x", "a/b", ".hidden", "-rf", "a b", "ä.deb", "a\n", "a\0", "a" * 256)


class NameTests(SynchronousTestCase):
    def test_which_names_are_safe(self):
        table = {**dict.fromkeys(GOOD, True), **dict.fromkeys(BAD, False)}
        self.assertEqual(table, {name: is_safe(name) for name in table})

    @given(st.text())
    def test_a_safe_name_is_one_component(self, name):
        if is_safe(name):
            self.assertNotIn("/", name)
            self.assertNotIn(name, {".", ".."})


class ListTests(SynchronousTestCase):
    def listed(self, **fields):
        return listed_files(Stanza("a.changes", {name.replace("_", "-"): text for name, text in fields.items()}))

    def test_the_lists_of_a_file_are_put_together(self):
        listed, faults = self.listed(Files=f"\n {A} 3 devel optional a.deb", Checksums_Sha256=f"\n {B} 3 a.deb")
        file = ListedFile("a.deb", 3, {"md5": A, "sha256": B}, "devel", "optional")
        self.assertEqual(({"a.deb": file}, []), (listed, faults))

    def test_each_bad_line_is_told(self):
        lines = [
            f"{A} three a.deb",
            f"{A} 3 ../a.deb",
            "zz 3 a.deb",
            f"{A} -3 a.deb",
            "a.deb",
            f"{A} 3 b.deb",
            f"{A} 3 b.deb",
        ]
        listed, faults = self.listed(Files="\n".join(lines))
        self.assertEqual(["b.deb"], list(listed))
        self.assertEqual(6, len(faults))
        self.assertIn("no safe file name: ", faults[1])
        self.assertIn("contradicts", faults[5])

    def test_sizes_that_differ_are_told(self):
        _, faults = self.listed(Files=f"{A} 3 a.deb", Checksums_Sha256=f"{B} 4 a.deb")
        self.assertEqual(1, len(faults))

    @given(st.dictionaries(st.sampled_from(["Files", "Checksums-Sha1", "Checksums-Sha256"]), st.text()))
    def test_no_text_raises_and_no_name_escapes(self, fields):
        listed, _ = listed_files(Stanza("a.changes", fields))
        self.assertTrue(all(is_safe(name) for name in listed))

    @given(st.lists(st.lists(st.sampled_from([A, B, "3", "devel", "..", "a.deb", "/etc/passwd", "\t"]), max_size=6)))
    def test_nor_do_lines_that_are_nearly_right(self, lines):
        listed, _ = listed_files(Stanza("a.changes", {"Files": "\n".join(map(" ".join, lines))}))
        self.assertTrue(set(listed) <= {A, B, "3", "devel", "a.deb"})


class DifferenceTests(SynchronousTestCase):
    found = {"a": FoundFile("a", Content("5a", "1a", 3), "da")}

    def test_what_is_as_it_is_listed_is_fine(self):
        listed = [ListedFile("a", 3, {"md5": "da", "sha1": "1a", "sha256": "5a"})]
        self.assertEqual([], differences(listed, self.found, "x.changes"))

    def test_each_difference_is_told(self):
        listed = [ListedFile("a", 3, {"md5": "d", "sha256": "5"}), ListedFile("b", 1), ListedFile("a", 4)]
        reasons = [
            "a has another md5 than x.changes says.",
            "a has another sha256 than x.changes says.",
            "b, which x.changes lists, is missing.",
            "a has 3 bytes, not 4 as x.changes says.",
        ]
        self.assertEqual(reasons, differences(listed, self.found, "x.changes"))

    def test_what_is_listed_nowhere_is_told(self):
        self.assertEqual(["a is listed nowhere."], unlisted(self.found, ["b"]))


class StanzaTests(SynchronousTestCase):
    def test_a_source_may_have_its_version_beside_its_name(self):
        table = {
            ("hello", ""): ("hello", "2"),
            ("hello (1.0)", ""): ("hello", "1.0"),
            ("", "hello"): ("hello", "2"),
            ("hello (1.0) more", ""): ("", "2"),
        }
        for (source, package), expected in table.items():
            self.assertEqual(expected, Stanza("a", {"Source": source, "Package": package, "Version": "2"}).source)

    def test_a_binary_is_named_without_its_epoch(self):
        control = Stanza("a", {"Package": "hello", "Version": "2:1.0-1", "Architecture": "i386"})
        self.assertEqual("hello_1.0-1_i386.udeb", deb_name(control, "udeb"))

    def test_missing_fields_are_told(self):
        self.assertEqual(
            ["a has no field Files."], Stanza("a", {"Source": "x", "Files": " "}).missing(["Source", "Files"])
        )

    @given(st.text(), st.text())
    def test_any_source_is_read(self, source, version):
        self.assertEqual(2, len(Stanza("a", {"Source": source, "Version": version}).source))
