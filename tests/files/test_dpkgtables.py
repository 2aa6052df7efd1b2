"""dpkg's tables of architectures are read as dpkg reads them."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.files.dpkgtables import dpkg_tables


class DpkgTests(SynchronousTestCase):
    """Our reading of dpkg's tables, against what `dpkg-architecture -L -W` prints."""

    def test_agrees_with_dpkg(self):
        table = dpkg_tables()
        for word, tags in {
            "any-arm": "uclinux-armel armel armhf",
            "gnu-any-any": "amd64 arm64 armhf hurd-i386 kfreebsd-amd64 x32",
            "any-powerpc": "powerpc powerpcspe hurd-powerpc",
            "musl-any-any": "musl-linux-armhf musl-linux-riscv64",
            "any-amd64": "x32 uclibc-linux-amd64 kfreebsd-amd64",
        }.items():
            self.assertEqual([], [tag for tag in tags.split() if not table.covers(word, tag)])
        self.assertFalse(table.covers("any-arm", "armeb"))
        self.assertFalse(table.covers("linux-any", "hurd-i386"))
        self.assertEqual(("abi64", "gnu", "linux", "mips64el"), table.parts["mips64el"])

    def test_without_dpkg_a_tag_is_a_cpu_under_linux(self):
        table = dpkg_tables(Path("/nonexistent"))
        self.assertTrue(table.covers("linux-any", "i386"))
        self.assertTrue(table.covers("any-i386", "i386"))
