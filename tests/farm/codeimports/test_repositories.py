"""What can be imported: names and addresses."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.codeimports.jobs import ImportRefusedError, NewImport
from buildmaster.farm.codeimports.repositories import check_source
from buildmaster.farm.codeimports.states import RcsType

GOOD = (
    (RcsType.GIT, "https://example.org/trunk.git", ""),
    (RcsType.GIT, "git://[2001:db8::1]:9418/trunk", ""),
    (RcsType.SVN, "svn://svn.example.org/trunk", ""),
    (RcsType.HG, "http://example.org:8000/", ""),
    (RcsType.BZR, "file:///srv/bzr/trunk", ""),
    (RcsType.CVS, ":pserver:anonymous@cvs.example.org:/cvs/gnome", "gnome-terminal"),
    (RcsType.CVS, ":pserver:anonymous:@cvs.example.org:2401/cvs", "a/b c"),
    (RcsType.CVS, "/srv/cvs", "module"),
)
BAD = (
    (RcsType.GIT, "ssh://example.org/trunk", ""),
    (RcsType.GIT, "ext::sh -c id", ""),
    (RcsType.GIT, "--upload-pack=id", ""),
    (RcsType.GIT, "https://-oProxyCommand=id/", ""),
    (RcsType.GIT, "https:///trunk", ""),
    (RcsType.GIT, "https://example.org:port/", ""),
    (RcsType.GIT, "https://example.org/a b", ""),
    (RcsType.GIT, "https://user:secret@example.org/", ""),
    (RcsType.SVN, "svn+ssh://example.org/trunk", ""),
    (RcsType.HG, "static-http://example.org/", ""),
    (RcsType.CVS, ":ext:example.org:/cvs", "module"),
    (RcsType.CVS, ":fork:/cvs", "module"),
    (RcsType.CVS, ":pserver:-x:/cvs", "module"),
    (RcsType.CVS, "/cvs", ""),
    (RcsType.CVS, "/cvs", "-x"),
    (RcsType.CVS, "/cvs", "../other"),
)


REASONS = (
    ("A", RcsType.GIT, "https://h/", "", "'A' is no name: small letters, digits and + . _ - after the first"),
    ("a", RcsType.CVS, ":fork:/cvs", "x", "':fork:/cvs' is no CVS root as :pserver:USER@HOST:/PATH"),
    ("a", RcsType.CVS, "/cvs", "../x", "'../x' is no CVS module"),
    ("a", RcsType.HG, "ssh://h/", "", "'ssh://h/' is no address that begins with https, http, file"),
    ("a", RcsType.GIT, "https://me@h/", "", "credentials have no place in an address that others read"),
    ("a", RcsType.GIT, "https:///x", "", "'https:///x' names no host"),
)


class SourceTests(SynchronousTestCase):
    def refused(self, name, rcs_type, url, module=""):
        return self.assertRaises(ImportRefusedError, check_source, NewImport(name, rcs_type, url, module))

    def test_each_refusal_says_why(self):
        for *source, reason in REASONS:
            self.assertEqual(reason, str(self.refused(*source)))

    def test_these_can_be_imported(self):
        for source in GOOD:
            check_source(NewImport("trunk", *source))

    def test_these_can_t(self):
        for source in BAD:
            self.refused("trunk", *source)

    def test_a_name_is_one_component_of_a_path(self):
        for name in ("", ".", "..", "a/b", "-a", "A", "a\n", "x" * 101):
            self.refused(name, RcsType.GIT, "https://example.org/")

    @given(st.text(), st.sampled_from(RcsType), st.text())
    def test_what_is_accepted_begins_no_option(self, url, rcs_type, module):
        try:
            check_source(NewImport("trunk", rcs_type, url, module))
        except ImportRefusedError:
            return
        self.assertFalse(url.startswith("-") or module.startswith("-"))
