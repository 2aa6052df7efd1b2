"""What a worker reads of a job, and believes."""

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.workers.codeimports.sources import UnfitError, source_of
from tests.farm.codeimports.test_repositories import BAD, GOOD

SCHEMES = ("https", "http", "git", "svn", "bzr", "pserver")


def read(kind, url, module="", name="trunk", schemes=SCHEMES):
    return source_of({"name": name, "rcs_type": kind, "url": url, "module": module}, schemes)


class SourceTests(SynchronousTestCase):
    def test_it_takes_what_the_master_takes(self):
        for kind, url, module in GOOD:
            source = read(kind.name, url, module, schemes=(*SCHEMES, "file"))
            self.assertEqual((kind.name, url, module), (source.kind, source.pinned, source.module))

    def test_it_refuses_what_the_master_refuses(self):
        for kind, url, module in BAD:
            self.assertRaises(UnfitError, read, kind.name, url, module)

    def test_files_of_the_worker_are_not_imported(self):
        for kind, url, module in (("GIT", "file:///etc", ""), ("CVS", "/etc", "module")):
            self.assertRaises(UnfitError, read, kind, url, module)

    def test_a_name_is_one_component_of_a_path(self):
        for name in ("..", "a/b", "", ".work"):
            self.assertRaises(UnfitError, read, "GIT", "https://example.org/", name=name)
        self.assertRaises(UnfitError, source_of, {}, SCHEMES)

    def test_what_no_proxy_sees_to_is_pinned_to_an_address(self):
        for kind, url, module, pinned in (
            ("SVN", "svn://svn.example.org/trunk", "", "svn://192.0.2.1/trunk"),
            ("GIT", "git://example.org:9000/trunk", "", "git://192.0.2.1:9000/trunk"),
            ("CVS", ":pserver:me@cvs.example.org:/cvs", "m", ":pserver:me@192.0.2.1:/cvs"),
        ):
            source = read(kind, url, module)
            self.assertIn("example.org", source.host)
            self.assertEqual((url, pinned), (source.url, source.at("192.0.2.1").pinned))

    def test_the_proxy_looks_the_others_up(self):
        self.assertIsNone(read("GIT", "https://example.org/").host)
