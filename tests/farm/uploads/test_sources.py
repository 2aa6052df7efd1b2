"""Whether an upload of a source is accepted, and all the reasons if not."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.uploads.binaries import ReadFolder
from buildmaster.farm.uploads.packagefiles import Stanza
from buildmaster.farm.uploads.sources import SourcePlace, Wish, check_source, source_of
from buildmaster.farm.vocabulary.archives import Urgency
from buildmaster.farm.vocabulary.contents import Content
from buildmaster.files.packages import read_folder
from tests.support.databases import a_folder
from tests.support.packages import a_changes, a_dsc, sources, write

DSC, CHANGES = "hello_1.0-1.dsc", "hello_1.0-1_source.changes"
ORIG, DEBIAN = "hello_1.0.orig.tar.gz", "hello_1.0-1.debian.tar.xz"


def read(files):
    return read_folder(write(a_folder(), files))


def checked(files, wish=None, **place):
    """Return the reasons against these files, as an upload to hoary."""
    return list(check_source(read(files), SourcePlace("ubuntu", "hoary", **place), wish or Wish()))


def bare(tars=None, name=DSC, **fields):
    """Return a bare .dsc with its files."""
    tars = {ORIG: b"upstream", DEBIAN: b"debian"} if tars is None else dict.fromkeys(tars, b"x")
    return {**tars, name: a_dsc(tars, **fields).encode()}


class AcceptedTests(SynchronousTestCase):
    def test_a_source_is_accepted_with_and_without_its_changes(self):
        self.assertEqual([], checked(sources()))
        self.assertEqual([], checked(bare()))

    def test_the_formats(self):
        table = {
            "1.0": [ORIG, "hello_1.0-1.diff.gz"],
            "3.0 (quilt)": ["hello_1.0.orig.tar.xz", "hello_1.0.orig.tar.xz.asc", "hello_1.0.orig-doc.tar.bz2", DEBIAN],
        }
        for way, tars in table.items():
            self.assertEqual([], checked(bare(tars, Format=way)))
        for way, tar in (("1.0", "hello_2.tar.gz"), ("3.0 (native)", "hello_2.tar.xz")):
            self.assertEqual([], checked(bare([tar], "hello_2.dsc", Format=way, Version="1:2")))

    def test_the_version_of_upstream_may_have_hyphens(self):
        tars = ["hello_1.0-rc.orig.tar.gz", "hello_1.0-rc-1.debian.tar.xz"]
        self.assertEqual([], checked(bare(tars, "hello_1.0-rc-1.dsc", Version="1.0-rc-1")))

    def test_an_orig_that_the_archive_has_need_not_come_again(self):
        whole = read(sources())
        files = sources()
        del files[ORIG]
        self.assertEqual([], checked(files, known={ORIG: whole.found[ORIG].content}))

    def test_a_later_version_is_accepted(self):
        self.assertEqual([], checked(sources(), published=("1.0-0ubuntu3", "0.9")))

    def test_imported_versions_that_are_none_stand_in_nobodys_way(self):
        self.assertEqual([], checked(sources(), published=("what?",)))


class RefusedTests(SynchronousTestCase):
    def test_binaries_are_refused(self):
        debs = {"hello_1.0-1_i386.deb": b""}
        for architecture in ("i386", "source i386"):
            files = {**sources(), **debs}
            changes = a_changes({name: files[name] for name in (ORIG, DEBIAN, DSC, *debs)}, Architecture=architecture)
            reasons = checked({**files, CHANGES: changes.encode()})
            self.assertIn("hello_1.0-1_i386.deb is a binary: upload sources, the builders make the binaries.", reasons)
            self.assertIn(f"{CHANGES} is of architecture {architecture}, not of source alone.", reasons)

    def test_the_same_and_an_older_version_are_refused(self):
        for newest in ("1.0-1", "1.0-1.1"):
            reason = f"hello 1.0-1 is not newer than {newest}, which ubuntu has in hoary."
            self.assertEqual([reason], checked(sources(), published=("0.1", newest)))

    def test_the_newest_version_is_so_by_debians_order(self):
        reason = "hello 1.0-1 is not newer than 1.0-10, which ubuntu has in hoary."
        self.assertEqual([reason], checked(sources(), published=("1.0-9", "1.0-10")))

    def test_the_changes_name_the_suite_where_nobody_else_does(self):
        self.assertEqual([], checked(sources(Distribution="hoary"), named=True))
        self.assertEqual([], checked(sources(Distribution="warty")))
        reason = f"{CHANGES} is of suite warty, not hoary."
        self.assertEqual([reason], checked(sources(Distribution="warty"), named=True))

    def test_a_known_name_means_one_content_for_ever(self):
        self.assertEqual([f"{ORIG} is already in the archive, with other content."],
                         checked(sources(), known={ORIG: Content("0", "0", 8)}))  # fmt: skip

    def test_damage_is_told(self):
        reasons = checked({**sources(), ORIG: b"0pstream", DEBIAN: b""})
        self.assertIn(f"{ORIG} has another sha256 than {CHANGES} says.", reasons)
        self.assertIn(f"{ORIG} has another md5 than {DSC} says.", reasons)
        self.assertIn(f"{DEBIAN} has 0 bytes, not 6 as {DSC} says.", reasons)

    def test_a_dsc_must_be_good(self):
        table = {
            "Format": ("2.0", f"{DSC} is of format 2.0, not one of 1.0, 3.0 (native), 3.0 (quilt)."),
            "Source": ("Hello!", "'Hello!' can't be the name of a source."),
            "Version": ("one", "'one' is no version."),
            "Architecture": (None, f"{DSC} has no field Architecture."),
        }
        for field, (value, reason) in table.items():
            self.assertIn(reason, checked(bare(**{field: value})), field)

    def test_the_files_must_be_those_of_the_format(self):
        for way, tars in (("1.0", [ORIG]), ("3.0 (native)", [ORIG, DEBIAN]), ("3.0 (quilt)", [DEBIAN]), ("1.0", []),
                          ("3.0 (quilt)", [ORIG, DEBIAN, "bye_1.0.tar.gz"]), ("3.0 (quilt)", [ORIG, DEBIAN, "x.exe"])):  # fmt: skip
            reasons = checked(bare(tars, Format=way))
            self.assertTrue(any("format" in reason or "Files" in reason for reason in reasons), (way, tars))

    def test_the_dsc_must_be_named_by_what_it_is(self):
        self.assertIn(f"other.dsc holds {DSC}.", checked(bare(name="other.dsc")))

    def test_the_changes_must_be_of_its_dsc(self):
        self.assertIn(f"{CHANGES} is of bye 1.0-1, {DSC} of hello 1.0-1.", checked(sources(Source="bye")))
        files = bare()
        changes = a_changes({ORIG: files[ORIG], DEBIAN: files[DEBIAN]}, Architecture="source").encode()
        self.assertIn(f"{CHANGES} does not list {DSC}.", checked({**files, CHANGES: changes}))

    def test_there_must_be_one_dsc(self):
        reason = "There must be one .dsc file and at most one .changes file."
        self.assertIn(reason, checked({CHANGES: a_changes({}, Architecture="source").encode()}))
        self.assertIn(reason, checked({**sources(), "more.changes": b""}))

    def test_a_fault_of_a_line_hides_no_missing_field(self):
        reasons = checked(bare(Files="nonsense", Architecture=None))
        self.assertIn(f"{DSC} has no field Architecture.", reasons)
        self.assertTrue(any("nonsense" in reason or "can't be read" in reason for reason in reasons), reasons)

    def test_a_closed_place_is_told(self):
        self.assertEqual(["closed"], checked(sources(), closed="closed"))

    def test_wishes_must_be_possible(self):
        wish = Wish("../x", "Y", "at once")
        self.assertEqual(3, len(checked(sources(), wish)))


class AnythingTests(SynchronousTestCase):
    @given(st.dictionaries(
        st.sampled_from(["Format", "Source", "Version", "Architecture", "Files", "Checksums-Sha256", "Distribution"]),
        st.one_of(st.text(), st.sampled_from(["hello", "1.0-1", "source", "3.0 (quilt)", "1.0", f"{'a' * 64} 3 {DSC}"]))))  # fmt: skip
    def test_no_fields_make_the_check_raise(self, fields):
        stanzas = {name: Stanza(name, fields) for name in (CHANGES, DSC)}
        check_source(ReadFolder(stanzas=stanzas), SourcePlace("ubuntu", "hoary", ("1",)), Wish())


class SourceTests(SynchronousTestCase):
    def source(self, files=None, wish=None):
        return source_of(read(files or sources()), SourcePlace("ubuntu", "hoary"), wish or Wish())

    def test_a_source_is_described_by_its_files(self):
        source = self.source()
        self.assertEqual(
            ("hello", "1.0-1", "main", "devel"), (source.name, source.version, source.component, source.section)
        )
        self.assertEqual("debhelper-compat (= 13), zlib1g-dev", source.builddepends)
        self.assertEqual(("docbook", "any all"), (source.builddependsindep, source.architecturehintlist))
        self.assertEqual(("hello hello-doc", Urgency.MEDIUM), (source.binaries, source.urgency))
        self.assertEqual(("A <a@example.com>", "B <b@example.com>"), (source.maintainer, source.changed_by))
        self.assertEqual({DSC, ORIG, DEBIAN}, set(source.files))

    def test_a_bare_dsc_says_its_section_in_the_list_of_packages(self):
        source = self.source(bare())
        self.assertEqual(("universe", "editors"), (source.component, source.section))

    def test_wishes_win(self):
        source = self.source(sources(Urgency="low"), Wish("multiverse", "games", "critical"))
        self.assertEqual(("multiverse", "games", Urgency.EMERGENCY), (source.component, source.section, source.urgency))

    def test_an_urgency_may_have_a_comment(self):
        self.assertEqual(Urgency.HIGH, self.source(sources(Urgency="HIGH (fixes a hole)")).urgency)

    def test_build_depends_of_one_architecture_are_kept_too(self):
        files = bare(**{"Build-Depends-Arch": "gcc [i386],"})
        self.assertEqual("debhelper-compat (= 13), zlib1g-dev, gcc [i386]", self.source(files).builddepends)

    def test_what_nobody_says_is_as_usual(self):
        source = self.source(bare(**{"Package-List": None, "Section": None}))
        self.assertEqual(
            ("main", "misc", Urgency.MEDIUM, ""), (source.component, source.section, source.urgency, source.changed_by)
        )
        self.assertEqual(Urgency.MEDIUM, self.source(sources(Urgency="soon")).urgency)

    def test_a_bare_dsc_may_say_its_section_itself(self):
        source = self.source(bare(**{"Package-List": "hello deb", "Section": "contrib/games"}))
        self.assertEqual(("contrib", "games"), (source.component, source.section))

    def test_the_comma_after_an_urgency_is_none_of_it(self):
        for words in ("high; it is time", "high, x", "HIGH"):
            self.assertEqual(Urgency.HIGH, self.source(sources(Urgency=words)).urgency, words)

    def test_a_file_that_the_archive_has_is_the_source_s_too(self):
        files = sources()
        orig = read(files).found[ORIG].content
        del files[ORIG]
        source = source_of(read(files), SourcePlace("ubuntu", "hoary", known={ORIG: orig}), Wish())
        self.assertEqual(orig, source.files[ORIG])
