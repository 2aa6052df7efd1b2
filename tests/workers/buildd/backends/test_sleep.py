"""What a pretended build is told by its source's name, and what it leaves."""

import hashlib
from io import BytesIO
from pathlib import Path

from debian.deb822 import Changes
from debian.debfile import DebFile
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.workers.buildd.backends.pretending import binaries, make_results
from buildmaster.workers.buildd.backends.sleep import read_name
from buildmaster.workers.buildd.orders import Order, Verdict
from tests.support.databases import a_folder

DSC = """\
Format: 3.0 (native)
Source: tiny
Binary: tiny, tiny-doc
Architecture: any all
Version: 1:1.0+sleep2
Maintainer: Some Body <body@example.org>
Package-List:
 tiny deb misc optional arch=any
 tiny-doc deb doc optional arch=all
"""


class ReadNameTests(SynchronousTestCase):
    def test_the_name_tells_how_long_and_how_it_ends(self):
        for name, wanted in (
            ("tiny_1.0.dsc", (0.0, Verdict.OK)),
            ("tiny_1.0+sleep2.dsc", (2.0, Verdict.OK)),
            ("tiny_1.0+sleep0.5+depfail.dsc", (0.5, Verdict.DEPFAIL)),
            ("sleep3-chrootfail_1.dsc", (3.0, Verdict.CHROOTFAIL)),
            ("tiny_1~givenback.dsc", (0.0, Verdict.GIVENBACK)),
        ):
            self.assertEqual(wanted, read_name(name))


class PretendingTests(SynchronousTestCase):
    def setUp(self):
        self.folder = a_folder()
        (self.folder / "tiny_1.0+sleep2.dsc").write_text(DSC)

    def make(self, indep):
        return make_results(Order("1-1", self.folder, "tiny_1.0+sleep2.dsc", Path("/c"), "hoary", "i386", indep=indep))

    def test_packages_follow_the_package_list(self):
        names = [path.name for path in self.make(indep=True)]
        self.assertEqual(
            ["tiny_1.0+sleep2_i386.changes", "tiny_1.0+sleep2_i386.deb", "tiny-doc_1.0+sleep2_all.deb"], names
        )
        self.assertEqual(2, len(self.make(indep=False)))

    def test_without_a_package_list_the_binaries_are_taken(self):
        self.assertEqual(
            [("a", "i386"), ("b", "i386")], binaries({"Binary": "a, b", "Architecture": "any"}, "i386", False)
        )
        self.assertEqual([], binaries({"Binary": "a", "Architecture": "all"}, "i386", False))

    def test_a_package_is_a_real_one(self):
        deb = DebFile(fileobj=BytesIO(self.make(indep=False)[1].read_bytes()))
        control = deb.debcontrol()
        self.assertEqual(
            ("tiny", "1:1.0+sleep2", "i386"), (control["Package"], control["Version"], control["Architecture"])
        )

    def test_the_changes_hold_what_the_files_are(self):
        changes_path, deb = self.make(indep=False)
        changes = Changes(changes_path.read_text())
        self.assertEqual(
            ("tiny", "hoary", "i386"), (changes["Source"], changes["Distribution"], changes["Architecture"])
        )
        entry = changes["Checksums-Sha256"][0]
        self.assertEqual(
            (hashlib.sha256(deb.read_bytes()).hexdigest(), str(deb.stat().st_size)), (entry["sha256"], entry["size"])
        )
