"""Which builds are missing."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.queue.architectures import ArchitectureFacts, architecture_table
from buildmaster.farm.queue.archspecific import read_arch_specific
from buildmaster.farm.queue.missingbuilds import NewBuild, SeriesFacts, SourceFacts, gone, missing_builds
from buildmaster.farm.vocabulary.archives import Pocket, Publishing, Purpose, SeriesStatus

TABLE = architecture_table("amd64 x\ni386 x\n", "base-gnu-linux-<cpu> <cpu>\n")
CHROOT = frozenset({Pocket.RELEASE})
I386 = ArchitectureFacts(1, "i386", 10, chroots=CHROOT)
AMD64 = ArchitectureFacts(2, "amd64", 20, chroots=CHROOT)
HOARY = SeriesFacts(7, "hoary", nominated="i386", architectures=(I386, AMD64))
SOURCE = SourceFacts(100, 5, 7, "pmount", "any")

sources = st.builds(
    SourceFacts,
    release_id=st.integers(1, 5),
    archive_id=st.integers(1, 3),
    series_id=st.just(7),
    name=st.sampled_from(["pmount", "tool-src"]),
    hint=st.sampled_from(["any", "all", "i386", "linux-any all", "sparc"]),
    pocket=st.sampled_from(Pocket),
    purpose=st.sampled_from(Purpose),
    trusted=st.booleans(),
)


def tags(source, series=HOARY, existing=()):
    builds = missing_builds([source], {7: series}, existing, TABLE)
    return [{1: "i386", 2: "amd64"}[build.architecture_id] for build in builds]


class MissingTests(SynchronousTestCase):
    def test_a_build_for_each_architecture_by_tag(self):
        self.assertEqual(
            (
                NewBuild(100, 2, 5, 20, Pocket.RELEASE, arch_indep=False, is_trusted=True),
                NewBuild(100, 1, 5, 10, Pocket.RELEASE, arch_indep=True, is_trusted=True),
            ),
            missing_builds([SOURCE], {7: HOARY}, (), TABLE),
        )

    def test_what_exists_is_not_missing(self):
        self.assertEqual(["i386"], tags(SOURCE, existing={(100, 2, 5)}))
        self.assertEqual(["amd64", "i386"], tags(SOURCE, existing={(100, 2, 6)}))

    def test_an_architecture_without_a_chroot_gets_none(self):
        self.assertEqual(
            ["amd64"], tags(SOURCE, replace(HOARY, architectures=(replace(I386, chroots=frozenset()), AMD64)))
        )

    def test_release_has_the_chroot_of_pockets_without_one(self):
        updates = replace(SOURCE, pocket=Pocket.UPDATES)
        own = replace(I386, chroots=frozenset({Pocket.UPDATES}))
        hoary = replace(HOARY, status=SeriesStatus.CURRENT, architectures=(own, AMD64))
        self.assertEqual(["amd64", "i386"], tags(updates, hoary))
        self.assertEqual(["amd64"], tags(replace(SOURCE, purpose=Purpose.PPA), hoary))

    def test_an_untrusted_archive_builds_where_it_may(self):
        hoary = replace(HOARY, architectures=(I386, replace(AMD64, supports_untrusted=False)))
        self.assertEqual(["i386"], tags(replace(SOURCE, trusted=False), hoary))
        self.assertEqual(["amd64", "i386"], tags(SOURCE, hoary))

    def test_a_closed_pocket_gets_none(self):
        self.assertEqual([], tags(replace(SOURCE, pocket=Pocket.SECURITY)))
        self.assertEqual([], tags(SOURCE, replace(HOARY, status=SeriesStatus.CURRENT)))
        self.assertEqual(["amd64", "i386"], tags(replace(SOURCE, pocket=Pocket.SECURITY, purpose=Purpose.PPA)))

    def test_arch_specific_restricts_but_not_ppas(self):
        hoary = replace(HOARY, arch_specific=read_arch_specific("%pmount: i386"))
        self.assertEqual(["i386"], tags(SOURCE, hoary))
        self.assertEqual(["amd64", "i386"], tags(replace(SOURCE, purpose=Purpose.PPA), hoary))

    @given(st.lists(sources))
    def test_nothing_is_missing_twice(self, published):
        builds = missing_builds(published, {7: HOARY}, (), TABLE)
        places = {build.place for build in builds}
        self.assertEqual(len(places), len(builds))
        self.assertEqual((), missing_builds(published, {7: HOARY}, places, TABLE))


class GoneTests(SynchronousTestCase):
    def test_a_source_is_gone_when_nothing_of_it_is_published(self):
        for here, anywhere, expected in [
            ([Publishing.PUBLISHED], None, False),
            ([Publishing.PENDING, Publishing.SUPERSEDED], Publishing.SUPERSEDED, False),
            ([Publishing.SUPERSEDED], Publishing.PUBLISHED, True),
            ([Publishing.DELETED, Publishing.OBSOLETE], None, True),
            ([], Publishing.PUBLISHED, False),
            ([], Publishing.DELETED, True),
            ([], None, False),
        ]:
            self.assertEqual(expected, gone(here, anywhere))
