"""The source packages of the demo are made of plain trees, and leave these as they are."""

from debian.deb822 import Changes, Dsc
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.cli.sources import TREES, demo_trees, make_source
from buildmaster.errors import BuildmasterError
from tests.databases import a_folder


class MakeSourceTests(SynchronousTestCase):
    def setUp(self):
        self.folder = a_folder()

    def made(self, name):
        changes = Changes(make_source(TREES / name, self.folder).read_text())
        return [entry["name"] for entry in changes["Files"]]

    def test_a_native_source_is_one_tarball(self):
        self.assertEqual(["fieldnotes_2.0.dsc", "fieldnotes_2.0.tar.xz"], self.made("fieldnotes"))

    def test_any_other_source_gets_an_upstream_tarball(self):
        names = ["abacus_1.2-1.dsc", "abacus_1.2.orig.tar.gz", "abacus_1.2-1.debian.tar.xz"]
        self.assertEqual(names, self.made("abacus"))

    def test_only_the_source_package_is_left(self):
        names = self.made("lantern")
        self.assertEqual({*names, "lantern_0.3_source.changes"}, {path.name for path in self.folder.iterdir()})
        self.assertEqual("any all", Dsc((self.folder / "lantern_0.3.dsc").read_text())["Architecture"])

    def test_what_dpkg_source_complains_of_is_told(self):
        tree = self.folder / "broken"
        (tree / "debian/source").mkdir(parents=True)
        (tree / "debian/changelog").write_text((TREES / "fieldnotes/debian/changelog").read_text())
        (tree / "debian/source/format").write_text("3.0 (native)\n")
        error = self.assertRaises(BuildmasterError, make_source, tree, self.folder)
        self.assertIn("debian/control", str(error))

    def test_the_trees_of_the_demo_are_found(self):
        self.assertEqual([TREES / "abacus"], demo_trees("abacus"))
