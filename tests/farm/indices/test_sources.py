"""Indices of sources are read stanza by stanza; what is no source package is told, and stops nothing."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.indices.sources import BadStanza, IndexedFile, IndexedSource, read_sources

SHA = "ab" * 32
STANZA = f"""\
Package: hello
Binary: hello, hello-doc,
 hello-tiny
Version: 2.10-3
Architecture: any all
Section: universe/devel
Maintainer: Somebody <s@example.org>
Build-Depends: debhelper-compat (= 9),
 cpp,
Build-Depends-Arch: gcc
Build-Depends-Indep: texinfo
Directory: pool/main/h/hello
Checksums-Sha256:
 {SHA} 1183 hello_2.10-3.dsc
 {SHA} 725946 hello_2.10.orig.tar.gz
"""
HELLO = IndexedSource(
    name="hello",
    version="2.10-3",
    hint="any all",
    component="universe",
    section="devel",
    binaries="hello hello-doc hello-tiny",
    maintainer="Somebody <s@example.org>",
    builddepends="debhelper-compat (= 9), cpp, gcc",
    builddependsindep="texinfo",
    directory="pool/main/h/hello",
    files=(IndexedFile("hello_2.10-3.dsc", SHA, 1183), IndexedFile("hello_2.10.orig.tar.gz", SHA, 725946)),
)


def read(text, *more):
    return list(read_sources(text.splitlines(keepends=True), *more))


class ReadTests(SynchronousTestCase):
    def test_reads_all_that_matters(self):
        self.assertEqual([HELLO], read(STANZA))
        self.assertEqual("pool/main/h/hello/hello_2.10-3.dsc", HELLO.dsc)

    def test_the_component_is_the_section_s_or_the_pool_s_or_main(self):
        for old, new, component in [
            ("", "", "universe"),
            ("universe/devel", "devel", "main"),
            ("universe/devel\n", "devel\nPriority: source\n", "main"),
        ]:
            self.assertEqual(component, read(STANZA.replace(old, new))[0].component)
        contrib = STANZA.replace("universe/devel", "devel").replace("pool/main", "pool/contrib")
        self.assertEqual("contrib", read(contrib)[0].component)
        bare = STANZA.replace("Section: universe/devel\n", "")
        self.assertEqual("main", read(bare.replace("pool/main", "pool/m"))[0].component)
        self.assertEqual("main", read(bare.replace("pool/main/h", "pool/m/universe"))[0].component)
        self.assertEqual("non-free", read(contrib, "non-free")[0].component)

    def test_what_a_stanza_does_not_say_is_empty_or_as_usual(self):
        need = ("Package", "Version", "Architecture", "Directory", "Checksums", " ")
        lines = [
            line for line in STANZA.splitlines(keepends=True) if line.startswith(need) and "hello-tiny" not in line
        ]
        [found] = read("".join(line for line in lines if line != " cpp,\n"))
        expected = replace(
            HELLO, section="misc", component="main", binaries="", maintainer="", builddepends="", builddependsindep=""
        )
        self.assertEqual(expected, found)

    def test_a_fault_is_told_of_its_package(self):
        [bad] = read(STANZA.replace("Architecture: any all", "Architecture:"))
        self.assertEqual(BadStanza("hello", "it has no Architecture"), bad)
        [bad] = read(STANZA.replace("Package: hello\n", ""))
        self.assertEqual("?", bad.name)

    def test_only_those_that_are_wanted(self):
        self.assertEqual([], read(STANZA, None, ["bye"]))
        self.assertEqual([HELLO], read(STANZA, None, ["hello", "bye"]))

    def test_those_kept_for_their_licence_are_left_out(self):
        self.assertEqual([], read(STANZA + "Extra-Source-Only: yes\n"))

    def test_what_is_no_source_package_says_why(self):
        for old, new, reason in [
            ("Package: hello", "Package: ../x", "its name is no package name"),
            ("2.10-3\nArch", "x y\nArch", "its version is none"),
            ("Architecture: any all", "Architecture:", "it has no Architecture"),
            ("Directory: pool", "Directory: ../pool", "it has no safe Directory"),
            ("hello_2.10-3.dsc", "hello_2.10-3.txt", "it lists no single .dsc by SHA-256"),
            ("hello_2.10.orig", "../hello_2.10.orig", "a file's name or SHA-256 is none"),
            (f"{SHA} 725946", "abc 725946", "a file's name or SHA-256 is none"),
        ]:
            [found] = read(STANZA.replace(old, new))
            self.assertEqual((new, reason), (new, found.reason if isinstance(found, BadStanza) else found))

    @given(st.text())
    def test_any_text_can_be_read(self, text):
        read(text)

    @given(st.lists(st.sampled_from(STANZA.splitlines()), min_size=5))
    def test_any_mixture_of_lines_can_be_read(self, lines):
        read("\n".join(lines))
