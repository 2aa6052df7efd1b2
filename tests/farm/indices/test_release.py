"""A Release file tells which form of an index is fetched."""

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.indices.release import IndexPlace, packages_index

RELEASE = """\
Origin: Debian
MD5Sum:
 abc 5 main/binary-i386/Packages.xz
SHA256:
 aa 100 main/binary-i386/Packages
 bb 50 main/binary-i386/Packages.gz
 cc nonsense main/binary-i386/Packages.xz
 dd 7 main/binary-amd64/Packages
 ee 6 main/binary-amd64/Packages.gz
 ff 5 main/binary-amd64/Packages.xz
 gg 3 main/binary-arm/Packages and more
 hh main/binary-arm/Packages
"""


def place(form, sha256, size):
    return IndexPlace(f"main/{form}", sha256, size)


class ReleaseTests(SynchronousTestCase):
    def test_the_smallest_form_is_found(self):
        self.assertEqual(place("binary-amd64/Packages.xz", "ff", 5), packages_index(RELEASE, "main", "amd64"))

    def test_a_line_that_can_not_be_read_is_none(self):
        self.assertEqual(place("binary-i386/Packages.gz", "bb", 50), packages_index(RELEASE, "main", "i386"))
        self.assertIsNone(packages_index(RELEASE, "main", "arm"))

    def test_a_form_may_be_the_only_one(self):
        found = packages_index("SHA256:\n aa 100 main/binary-i386/Packages\n", "main", "i386")
        self.assertEqual(place("binary-i386/Packages", "aa", 100), found)

    def test_what_is_not_listed_by_its_sha256_is_not_there(self):
        for text in ("", "Origin: Debian\n", "MD5Sum:\n aa 100 main/binary-i386/Packages\n"):
            self.assertIsNone(packages_index(text, "main", "i386"))
        self.assertIsNone(packages_index(RELEASE, "contrib", "i386"))

    def test_a_text_before_it_hides_nothing(self):
        signed = f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{RELEASE}"
        self.assertEqual(packages_index(RELEASE, "main", "i386"), packages_index(signed, "main", "i386"))
