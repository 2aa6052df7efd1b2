"""Whether the results of a build are accepted, and all the reasons if not."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.uploads.binaries import (
    ExpectedBuild,
    ReadFolder,
    binaries_of,
    check_binaries,
    kind_of,
    known_faults,
    split_section,
)
from buildmaster.farm.uploads.packagefiles import Stanza
from buildmaster.files.packages import read_folder
from tests.support.databases import a_folder
from tests.support.packages import a_changes, a_control, a_deb, results, write

BUILD = ExpectedBuild(7, "hello", "1.0-1", "hoary", "i386", arch_indep=False)
MISFIT = "Attempt to upload binaries specifying build 7, where they don't fit."
CHANGES = "hello_1.0-1_i386.changes"
DEB = "hello_1.0-1_i386.deb"


def checked(files, **columns):
    """Return the reasons against these files, as results of our build."""
    return list(check_binaries(read_folder(write(a_folder(), files)), replace(BUILD, **columns)))


def with_deb(name=DEB, listing=None, **control):
    """Return results whose one binary has these fields in its control file."""
    debs = {name: a_deb(a_control(**control))}
    return {**debs, CHANGES: a_changes(debs, **(listing or {})).encode()}


class AcceptedTests(SynchronousTestCase):
    def test_results_that_fit_are_accepted(self):
        self.assertEqual([], checked(results()))

    def test_a_binary_may_have_another_version_than_its_source(self):
        files = with_deb("hello_2_i386.deb", Version="2", Source="hello (1.0-1)")
        self.assertEqual([], checked(files))

    def test_the_changes_may_name_the_version_of_the_source(self):
        files = with_deb("hello_1.0-1+b1_i386.deb", {"Version": "1.0-1+b1", "Source": "hello (1.0-1)"},
                         Version="1.0-1+b1", Source="hello (1.0-1)")  # fmt: skip
        self.assertEqual([], checked(files))

    def test_what_is_for_all_comes_from_the_build_that_makes_it(self):
        files = with_deb("hello_1.0-1_all.deb", {"Architecture": "all"}, Architecture="all")
        self.assertEqual([], checked(files, arch_indep=True))
        self.assertEqual(MISFIT, checked(files)[0])

    def test_a_file_that_the_archive_has_may_come_again(self):
        digests = read_folder(write(a_folder(), results())).digests
        self.assertEqual((), known_faults(digests, {DEB: digests[DEB], "other.deb": "0"}))


class RefusedTests(SynchronousTestCase):
    def test_each_misfit_of_the_changes_is_told(self):
        table = {
            "Source": ("bye", f"{CHANGES} is of source bye, not hello."),
            "Version": ("2", f"{CHANGES} is of version 2, not 1.0-1."),
            "Distribution": ("warty", f"{CHANGES} is of suite warty, not hoary."),
            "Architecture": (
                "i386 source amd64",
                f"{CHANGES} is of architecture amd64 source, which is not this build's.",
            ),
        }
        self.assertEqual(
            {field: [MISFIT, reason] for field, (_, reason) in table.items()},
            {field: checked(results(**{field: value})) for field, (value, _) in table.items()},
        )

    def test_each_misfit_of_a_binary_is_told(self):
        table = {
            "Package": ("bye", f"{DEB} holds bye_1.0-1_i386.deb."),
            "Architecture": ("amd64", f"{DEB} is not for i386."),
            "Source": ("bye", f"{DEB} is of source bye, not hello."),
            "Version": ("../1", "'../1' is no version."),
        }
        for field, (value, reason) in table.items():
            self.assertIn(reason, checked(with_deb(**{field: value})), field)

    def test_a_binary_of_another_version_of_the_source_is_told(self):
        reasons = checked(with_deb(Source="hello (2)"))
        self.assertEqual([f"{DEB} is of version 2 of its source, not 1.0-1."], reasons)

    def test_there_must_be_one_changes_file(self):
        files = results()
        self.assertIn("There must be one .changes file, and there are 2.", checked({**files, "other.changes": b""}))
        del files[CHANGES]
        self.assertIn("There must be one .changes file, and there are 0.", checked(files))

    def test_there_must_be_a_binary(self):
        self.assertEqual(
            ["There is no binary package."], checked({CHANGES: a_changes({"a.tar.gz": b""}).encode(), "a.tar.gz": b""})
        )

    def test_all_reasons_come_at_once(self):
        files = {**results(Distribution="warty"), DEB: b"other", "more.tar.gz": b""}
        reasons = checked(files)
        self.assertEqual(MISFIT, reasons[0])
        for reason in (f"{DEB} has 5 bytes", "more.tar.gz is listed nowhere.", f"{DEB} can't be read"):
            self.assertTrue(any(told.startswith(reason) for told in reasons), reason)

    def test_a_missing_file_is_told(self):
        files = results()
        del files[DEB]
        self.assertEqual([f"{DEB}, which {CHANGES} lists, is missing."], checked(files))

    def test_a_sha256_is_needed(self):
        files = with_deb(listing={"Checksums-Sha256": f"{'0' * 64} 0 other"})
        self.assertIn(f"{CHANGES} has no SHA-256 of {DEB}.", checked(files))

    def test_missing_fields_are_told(self):
        self.assertEqual([f"{CHANGES} has no field Distribution."], checked(results(Distribution=None)))

    def test_an_unsafe_name_is_told(self):
        self.assertIn("'.hidden' is no safe file name.", checked({**results(), ".hidden": b""}))

    def test_a_known_name_means_one_content_for_ever(self):
        digests = read_folder(write(a_folder(), results())).digests
        self.assertEqual((f"{DEB} is already in the archive, with other content.",), known_faults(digests, {DEB: "0"}))

    def test_a_package_comes_in_one_version(self):
        debs = {
            f"hello_{version}_i386.deb": a_deb(a_control(Version=version, Source="hello (1.0-1)"))
            for version in ("1.0-1", "2")
        }
        twins = {**debs, CHANGES: a_changes(debs).encode()}
        self.assertEqual(["There are 2 of hello.deb for i386."], checked(twins))

    def test_what_can_not_be_read_is_told(self):
        self.assertIn("x is no regular file.", check_binaries(ReadFolder(faults=("x is no regular file.",)), BUILD))


class AnythingTests(SynchronousTestCase):
    @given(st.dictionaries(
        st.sampled_from(["Source", "Version", "Architecture", "Distribution", "Files", "Checksums-Sha256", "Package"]),
        st.one_of(st.text(), st.sampled_from(["hello", "1.0-1", "i386", "hoary", "a" * 64 + " 3 a.deb"]))))  # fmt: skip
    def test_no_fields_make_the_check_raise(self, fields):
        stanzas = {name: Stanza(name, fields) for name in ("a.changes", "a.deb")}
        reasons = check_binaries(ReadFolder(stanzas=stanzas), BUILD)
        self.assertTrue(reasons)


class PackageTests(SynchronousTestCase):
    def packages(self, **columns):
        files = with_deb(listing={"Files": None}, Provides="greeter (= 1)")
        files[CHANGES] = a_changes({DEB: files[DEB]}).replace("devel optional", "universe/editors extra").encode()
        return binaries_of(read_folder(write(a_folder(), files)), replace(BUILD, **columns))

    def test_a_package_is_described_by_its_listing_and_its_control_file(self):
        (package,) = self.packages()
        self.assertEqual(
            ("hello", "1.0-1", "deb", "i386"), (package.name, package.version, package.kind, package.architecture)
        )
        self.assertEqual(("universe", "editors", "extra"), (package.component, package.section, package.priority))
        self.assertEqual("greeter (= 1)", package.provides)
        self.assertEqual((DEB, True), (package.filename, "Provides: greeter (= 1)" in package.control))
        self.assertEqual(64, len(package.content.sha256))

    def test_kinds(self):
        table = {"a.deb": "deb", "a.udeb": "udeb", "a.ddeb": "ddeb", "a.dsc": "", "deb": "", "": ""}
        self.assertEqual(table, {name: kind_of(name) for name in table})

    def test_sections(self):
        table = {"universe/x": ("universe", "x"), "x": ("", "x"), "a/b/x": ("a/b", "x")}
        self.assertEqual(table, {section: split_section(section) for section in table})

    def test_what_no_listing_says_is_as_usual(self):
        (package,) = binaries_of(read_folder(write(a_folder(), with_deb(listing={"Files": None}))), BUILD)
        self.assertEqual(("main", "misc", "optional"), (package.component, package.section, package.priority))
