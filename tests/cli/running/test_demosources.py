"""The demo's source packages are made of plain trees, which stay as they are."""

import tarfile

from click.testing import CliRunner
from debian.deb822 import Changes
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.cli.main import buildmaster
from buildmaster.cli.running.demosources import NEEDED, TREES, make_source
from tests.support.databases import a_folder


def files_of(changes):
    with changes.open() as file:
        return {entry["name"] for entry in Changes(file)["Files"]}


class MakeSourceTests(SynchronousTestCase):
    def test_a_native_package_is_one_tarball(self):
        changes = make_source(TREES / "fieldnotes", a_folder())
        self.assertEqual("fieldnotes_2.0_source.changes", changes.name)
        self.assertEqual({"fieldnotes_2.0.dsc", "fieldnotes_2.0.tar.xz"}, files_of(changes))

    def test_the_upstream_tarball_of_another_has_no_debian(self):
        changes = make_source(TREES / "abacus", a_folder())
        self.assertIn("abacus_1.2.orig.tar.gz", files_of(changes))
        with tarfile.open(changes.parent / "abacus_1.2.orig.tar.gz") as tar:
            names = tar.getnames()
        self.assertIn("abacus-1.2/abacus.c", names)
        self.assertEqual([], [name for name in names if name.startswith("abacus-1.2/debian")])

    def test_the_tree_stays_as_it_is(self):
        before = sorted(TREES.rglob("*"))
        make_source(TREES / "abacus", a_folder())
        self.assertEqual(before, sorted(TREES.rglob("*")))


class ToolsTests(SynchronousTestCase):
    def test_a_machine_without_the_tools_is_told_what_to_install(self):
        result = CliRunner().invoke(buildmaster, ["demo"], env={"PATH": "/nowhere"})
        told = "Debian's tools for building are missing: apt install build-essential dpkg-dev"
        self.assertEqual((1, f"Error: {told}\n"), (result.exit_code, result.output))
        self.assertEqual({"build-essential", "dpkg-dev"}, set(NEEDED.values()))
