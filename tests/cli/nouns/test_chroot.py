"""Chroots are set, replaced and removed, each pocket's by itself."""

import gzip

from tests.support.firstfarm import a_tarball
from tests.support.places import PlaceCase

REFUSED = {
    "chroot remove ubuntu/hoary/amd64": "ubuntu/hoary/amd64 has no chroot for RELEASE: see `buildmaster chroot list`",
    "chroot set ubuntu/hoary/hppa /dev/null": (
        "there is no architecture hppa in ubuntu/hoary (known: amd64, i386); "
        "`buildmaster arch add ubuntu/hoary/hppa --processor NAME` adds it"
    ),
}


class ChrootTests(PlaceCase):
    def test_what_is_wrong_is_refused_with_what_to_do(self):
        self.assert_refused(REFUSED)

    def test_a_chroot_is_replaced_and_frees_what_waited_for_it(self):
        self.publish("ubuntu")
        before = self.farm.json("chroot", "list")
        with gzip.open(self.farm.root / "other.tar.gz", "wb") as file:
            file.write(b"x" * 10)
        result = self.farm.result("chroot", "set", "ubuntu/hoary/i386", self.farm.root / "other.tar.gz")
        self.assertIn("is not a tarball that can be read here", result.stderr)
        after = self.farm.json("chroot", "list")
        self.assertEqual(["other.tar.gz"], [row["filename"] for row in after])
        self.assertNotEqual(before, after)
        self.assertEqual((True, None), self.entry())

    def test_each_pocket_may_have_a_chroot(self):
        other = a_tarball(self.farm.root / "security.tar.gz")
        self.farm.run("chroot", "set", "ubuntu/hoary/i386", other, "--pocket", "security")
        self.assertEqual(["RELEASE", "SECURITY"], [row["pocket"] for row in self.farm.json("chroot", "list")])
        self.farm.run("chroot", "remove", "ubuntu/hoary/i386", "--pocket", "security")
        self.assertEqual(["RELEASE"], [row["pocket"] for row in self.farm.json("chroot", "list")])

    def test_a_chroot_file_that_is_not_there_is_one_line(self):
        self.assertIn("No such file", self.farm.refused("chroot", "set", "ubuntu/hoary/i386", "/nowhere/x.tar"))
