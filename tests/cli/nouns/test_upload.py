"""A source package goes in by the command, or all the reasons why it doesn't come out."""

import shutil
from functools import cache

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.cli.running.demosources import TREES, make_source
from buildmaster.farm.vocabulary.archives import Purpose
from buildmaster.files.layout import ACCEPTED, INCOMING, REJECTED
from buildmaster.files.uploadfolders import LOG_NAME
from buildmaster.model.tables.distribution import Distribution
from tests.support.commands import CommandFarm
from tests.support.databases import a_folder
from tests.support.rows import a_series, an_archive

TO = ("--archive", "ubuntu", "--suite", "hoary")


@cache
def made():
    """Return a folder with the source packages of the demo, made once."""
    folder = a_folder()
    for name in ("abacus", "fieldnotes"):
        make_source(TREES / name, folder)
    return folder


def add_places(session):
    ubuntu = Distribution(name="ubuntu", title="Ubuntu")
    a_series(session, "hoary", distribution=ubuntu)
    a_series(session, "warty", distribution=ubuntu)
    an_archive(session, ubuntu, reference="ubuntu")
    ppa = {"purpose": Purpose.PPA, "trusted": False, "name": "ppa"}
    an_archive(session, ubuntu, reference="~cprov/ubuntu/ppa", owner="cprov", **ppa)
    an_archive(session, ubuntu, reference="~secret/ubuntu/ppa", owner="s", private=True, buildd_secret="s", **ppa)


class UploadCase(SynchronousTestCase):
    def setUp(self):
        self.farm = CommandFarm(self)
        self.farm.transactions.write(add_places)
        self.folder = a_folder() / "sources"
        shutil.copytree(made(), self.folder)

    def source(self, name="fieldnotes"):
        return next(self.folder.glob(f"{name}_*_source.changes"))

    def leaves(self, place):
        folder = self.farm.root / place
        return sorted(leaf.name for leaf in folder.iterdir()) if folder.is_dir() else []


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


class SourceTests(UploadCase):
    def setUp(self):
        super().setUp()
        self.farm.run("upload", self.source(), *TO)

    def states(self):
        return {(row["archive"], row["suite"], row["status"]) for row in self.farm.json("source", "list")}

    def test_a_source_can_be_deleted_once(self):
        self.assertEqual("Removed fieldnotes 2.0 from ubuntu, hoary.\n", self.farm.run("source", "delete", 1))
        self.assertEqual({("ubuntu", "hoary", "DELETED")}, self.states())
        self.assertIn("DELETED already", self.farm.refused("source", "delete", 1))

    def test_a_source_can_be_copied_to_another_archive(self):
        told = self.farm.run("source", "copy", 1, "--to", "~cprov/ubuntu/ppa")
        self.assertEqual("Copied fieldnotes 2.0 to ~cprov/ubuntu/ppa, hoary (publication 2).\n", told)

    def test_and_to_another_suite(self):
        self.farm.run("source", "copy", 1, "--to", "ubuntu", "--suite", "warty")
        self.assertEqual({("ubuntu", "hoary", "PENDING"), ("ubuntu", "warty", "PENDING")}, self.states())

    def test_but_not_over_itself(self):
        self.assertIn("not newer", self.farm.refused("source", "copy", 1, "--to", "ubuntu"))

    def test_what_is_private_stays_so(self):
        self.farm.run("source", "copy", 1, "--to", "~secret/ubuntu/ppa")
        self.assertIn("private", self.farm.refused("source", "copy", 2, "--to", "~cprov/ubuntu/ppa"))

    def test_a_publication_that_is_not_there_is_named(self):
        self.assertIn("source list", self.farm.refused("source", "delete", 9))

    def test_the_list_is_of_one_archive_if_asked(self):
        self.assertEqual([], self.farm.json("source", "list", "--archive", "~cprov/ubuntu/ppa"))

    def test_a_table_for_people(self):
        self.assertIn("fieldnotes  2.0", self.farm.run("source", "list"))
