"""The type of a file follows from its name."""

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.uploads.filetypes import mimetype

EXAMPLES = {
    "hello_1.0-1_i386.deb": "application/vnd.debian.binary-package",
    "hello-udeb_1.0-1_i386.udeb": "application/vnd.debian.binary-package",
    "hello_1.0-1.dsc": "text/plain",
    "hello_1.0.orig.tar.xz": "application/x-xz",
    "hello_1.0.orig.tar.gz": "application/gzip",
    "hello_1.0.orig.tar.gz.asc": "application/pgp-signature",
    "buildlog_ubuntu-hoary-i386.pmount_0.1-1_FULLYBUILT.txt.gz": "text/plain",
    "page.html": "application/octet-stream",
    "no ending": "application/octet-stream",
    "": "application/octet-stream",
}


class TypeTests(SynchronousTestCase):
    def test_the_longest_known_ending_decides(self):
        self.assertEqual(EXAMPLES, {name: mimetype(name) for name in EXAMPLES})
