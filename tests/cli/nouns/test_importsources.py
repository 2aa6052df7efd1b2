"""`import-sources` publishes what an index lists, and makes the builds that it wants."""

import gzip
import lzma
from collections import Counter
from pathlib import Path

from debian.deb822 import Sources
from debian.debian_support import DpkgArchTable
from sqlalchemy import func, select
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.model.tables.archive import SourcePackageRelease, SourcePublication
from buildmaster.model.tables.builds import Build, BuildQueue
from buildmaster.model.tables.distribution import Distribution
from tests.support.commands import CommandFarm
from tests.support.rows import a_series, an_archive

SAMPLE = Path(__file__).parents[2] / "support/indices" / "Sources"
TAGS = ("amd64", "arm64", "armel", "armhf", "hurd-i386", "i386", "kfreebsd-amd64", "s390x")


def independent_counts(nominated):
    """Count the builds that the sample's sources want, with python-debian alone."""
    table = DpkgArchTable.load_arch_table()
    counts = Counter()
    with SAMPLE.open() as lines:
        for source in Sources.iter_paragraphs(lines, use_apt_pkg=False):
            if source.get("Extra-Source-Only") != "yes":
                hints = source["Architecture"].split()
                wanted = {
                    tag for tag in TAGS for hint in hints if hint != "all" and table.matches_architecture(tag, hint)
                }
                counts.update(wanted | ({nominated} if "all" in hints else set()))
    return dict(counts)


class ImportTests(SynchronousTestCase):
    def setUp(self):
        self.farm = CommandFarm(self)
        self.farm.transactions.write(self.fill)

    def fill(self, session):
        debian = Distribution(name="debian", title="Debian")
        a_series(session, "bookworm", TAGS, debian)
        an_archive(session, debian, reference="debian")

    def import_sources(self, *more, index=SAMPLE):
        return self.farm.run("import-sources", index, "--archive", "debian", "--suite", "bookworm", *more)

    def count(self, column):
        return self.farm.transactions.read(lambda session: session.scalar(select(func.count(column))))

    def test_counts_agree_with_an_independent_count(self):
        printed = self.import_sources()
        rows = [line.split() for line in printed.splitlines() if line.split()[0] in TAGS]
        self.assertEqual(independent_counts("amd64"), {tag: int(count) for tag, count in rows})
        self.assertEqual(sum(independent_counts("amd64").values()), self.count(BuildQueue.id))

    def test_a_second_run_changes_nothing(self):
        self.import_sources()
        before = self.count(Build.id), self.count(SourcePublication.id)
        self.assertIn("0 sources are new", self.import_sources())
        self.assertEqual(before, (self.count(Build.id), self.count(SourcePublication.id)))

    def test_compressed_indices_are_read(self):
        for pack in (gzip.compress, lzma.compress):
            path = self.farm.root / "index"
            path.write_bytes(pack(SAMPLE.read_bytes()))
            self.import_sources(index=path)
        self.assertGreater(self.count(SourcePublication.id), 30)

    def test_an_address_says_where_the_files_are(self):
        folder = self.farm.root / "debian" / "dists" / "bookworm" / "main" / "source"
        folder.mkdir(parents=True)
        (folder / "Sources").write_bytes(SAMPLE.read_bytes())
        self.import_sources(index=(folder / "Sources").as_uri())
        urls = self.farm.transactions.read(lambda session: session.scalars(select(SourcePackageRelease.dsc_url)).all())
        start = (self.farm.root / "debian" / "pool").as_uri()
        self.assertEqual([], [url for url in urls if not url.startswith(start) or not url.endswith(".dsc")])

    def test_where_the_files_are_may_be_said_later(self):
        self.import_sources()
        self.import_sources("--base-url", "http://deb.example.org/debian")
        urls = self.farm.transactions.read(lambda session: session.scalars(select(SourcePackageRelease.dsc_url)).all())
        self.assertEqual([], [url for url in urls if not url.startswith("http://deb.example.org/debian/pool/")])

    def test_only_named_sources(self):
        name = SAMPLE.read_text().split("\n")[0].removeprefix("Package: ")
        self.import_sources("--only", name)
        self.assertEqual(1, self.count(SourcePublication.id))

    def test_a_later_version_replaces_an_earlier_one(self):
        index = self.farm.root / "Sources"
        stanza = SAMPLE.read_text().split("\n\n")[0]
        version = next(line for line in stanza.split("\n") if line.startswith("Version: "))
        index.write_text(stanza)
        self.import_sources(index=index)
        index.write_text(stanza.replace(version, "Version: 99:9"))
        self.assertIn("1 sources are new", self.import_sources(index=index))
        states = self.farm.json("build", "list")
        self.assertEqual({"SUPERSEDED", "NEEDSBUILD"}, {build["state"] for build in states})
        index.write_text(stanza)
        self.assertIn("0 sources are new", self.import_sources(index=index))

    def test_a_bad_stanza_is_told_and_skipped(self):
        index = self.farm.root / "Sources"
        index.write_text(f"Package: bad\nVersion: 1\n\n{SAMPLE.read_text()}")
        result = self.farm.result("import-sources", index, "--archive", "debian", "--suite", "bookworm")
        self.assertEqual(0, result.exit_code)
        self.assertIn("bad is left out: it has no Architecture", result.stderr)

    def test_unknown_places_and_addresses_are_refused(self):
        self.assertIn("no archive", self.farm.refused("import-sources", SAMPLE, "--archive", "ubuntu", "--suite", "x"))
        words = ("import-sources", "file:///nowhere/Sources", "--archive", "debian", "--suite", "bookworm")
        self.assertIn("file:///nowhere/Sources", self.farm.refused(*words))
