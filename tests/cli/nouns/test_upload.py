"""A source package goes in by the command, or all the reasons why it doesn't come out."""

from buildmaster.files.layout import ACCEPTED, INCOMING, REJECTED
from buildmaster.files.uploadfolders import LOG_NAME
from tests.support.uploadcase import TO, UploadCase


class UploadTests(UploadCase):
    def test_a_source_changes_is_taken_in_and_listed(self):
        told = self.farm.run("upload", self.source(), *TO)
        self.assertEqual("Accepted fieldnotes 2.0 in ubuntu, hoary (publication 1).\n", told)
        (row,) = self.farm.json("source", "list")
        self.assertEqual(("fieldnotes", "2.0", "ubuntu", "hoary", "PENDING"),
                         tuple(row[name] for name in ("source", "version", "archive", "suite", "status")))  # fmt: skip

    def test_a_bare_dsc_is_taken_in(self):
        dsc = self.source("abacus").parent / "abacus_1.2-1.dsc"
        self.assertIn("abacus 1.2-1", self.farm.run("upload", dsc, *TO, "--component", "universe"))
        self.assertEqual("universe", self.farm.json("source", "list")[0]["component"])

    def test_the_upload_is_kept_with_its_log(self):
        self.farm.run("upload", self.source(), *TO)
        (leaf,) = self.leaves(ACCEPTED)
        self.assertEqual([], self.leaves(INCOMING))
        log = (self.farm.root / ACCEPTED / leaf / LOG_NAME).read_text()
        self.assertIn("INFO    Accepted: fieldnotes 2.0 in ubuntu, hoary\n", log)

    def test_all_reasons_come_in_one_line(self):
        changes = self.source("abacus")
        (changes.parent / "abacus_1.2.orig.tar.gz").write_bytes(b"other")
        (changes.parent / "abacus_1.2-1.debian.tar.xz").unlink()
        refusal = self.farm.refused("upload", changes, *TO)
        self.assertIn("abacus_1.2.orig.tar.gz has 5 bytes, not", refusal)
        self.assertIn("abacus_1.2-1.debian.tar.xz, which abacus_1.2-1_source.changes lists, is missing.", refusal)
        self.assertEqual(1, refusal.count("\n") + 1)
        (leaf,) = self.leaves(REJECTED)
        self.assertIn("ERROR   abacus_1.2.orig", (self.farm.root / REJECTED / leaf / LOG_NAME).read_text())
        self.assertEqual([], self.farm.json("source", "list"))

    def test_the_same_version_is_refused(self):
        changes = self.source()
        self.farm.run("upload", changes, *TO)
        refusal = self.farm.refused("upload", changes, *TO)
        self.assertEqual("fieldnotes 2.0 is not newer than 2.0, which ubuntu has in hoary.", refusal)

    def test_the_same_source_may_go_into_another_suite(self):
        changes = self.source()
        self.farm.run("upload", changes, *TO)
        self.farm.run("upload", changes, "--archive", "ubuntu", "--suite", "warty")
        self.assertEqual(["PENDING", "PENDING"], [row["status"] for row in self.farm.json("source", "list")])

    def test_a_place_that_is_not_there_is_named(self):
        self.assertIn("hary", self.farm.refused("upload", self.source(), "--archive", "ubuntu", "--suite", "hary"))
        self.assertIn("closed", self.farm.refused("upload", self.source("abacus"), "--archive", "ubuntu",
                                                  "--suite", "hoary-updates"))  # fmt: skip

    def test_a_file_that_is_neither_is_refused(self):
        path = self.folder / "hello.tar.gz"
        path.write_bytes(b"")
        self.assertIn("neither a .changes nor a .dsc", self.farm.refused("upload", path, *TO))
        self.assertEqual([], self.leaves(INCOMING))

    def test_the_upload_stands_in_the_trail(self):
        self.farm.run("upload", self.source(), *TO)
        self.assertIn("upload", [row["action"] for row in self.farm.json("audit")])
