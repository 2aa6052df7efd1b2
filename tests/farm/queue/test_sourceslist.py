"""What a build's sources.list says."""

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.queue.sourceslist import AptSource, BuildPlace, sources_list
from buildmaster.farm.vocabulary.archives import Pocket, Purpose

ALL_POCKETS = frozenset(Pocket)
UBUNTU = AptSource("http://farm/ubuntu", ALL_POCKETS)
PPA = AptSource("http://farm/~cprov/ubuntu/ppa", ALL_POCKETS)
BUILD = BuildPlace("hoary", Pocket.RELEASE, "universe", Purpose.PRIMARY)


class SourcesListTests(SynchronousTestCase):
    def test_a_primary_build_follows_the_table_of_pockets(self):
        for pocket, suites in {
            Pocket.RELEASE: [""],
            Pocket.SECURITY: ["", "-security"],
            Pocket.UPDATES: ["", "-security", "-updates"],
            Pocket.PROPOSED: ["", "-security", "-updates", "-proposed"],
        }.items():
            self.assertEqual(
                tuple(f"deb http://farm/ubuntu hoary{suite} main universe" for suite in suites),
                sources_list(replace(BUILD, pocket=pocket), UBUNTU),
            )

    def test_backports_take_all_components(self):
        lines = sources_list(replace(BUILD, pocket=Pocket.BACKPORTS, component="main"), UBUNTU)
        self.assertEqual("deb http://farm/ubuntu hoary-backports main restricted universe multiverse", lines[-1])
        self.assertEqual(4, len(lines))

    def test_a_suite_that_does_not_exist_is_left_out(self):
        empty = replace(UBUNTU, pockets=frozenset())
        self.assertEqual((), sources_list(BUILD, empty))
        self.assertEqual(
            ("deb http://farm/ubuntu hoary main universe",),
            sources_list(replace(BUILD, pocket=Pocket.UPDATES), replace(UBUNTU, pockets=frozenset({Pocket.RELEASE}))),
        )

    def test_a_mirror_is_asked_for_components_that_it_has(self):
        mirror = AptSource("http://mirror/debian", frozenset({Pocket.RELEASE}), ("main", "contrib"))
        lines = sources_list(BUILD, replace(UBUNTU, pockets=frozenset()), (mirror,))
        self.assertEqual(("deb http://mirror/debian hoary main",), lines)
        self.assertEqual((), sources_list(BUILD, replace(mirror, components=("partner",))))

    def test_a_ppa_comes_before_the_primary_archive(self):
        ppa = BuildPlace("hoary", Pocket.RELEASE, "main", Purpose.PPA)
        friend = AptSource("http://farm/~mark/ubuntu/ppa", frozenset({Pocket.RELEASE}))
        everything = "main restricted universe multiverse"
        self.assertEqual(
            (
                "deb http://farm/~cprov/ubuntu/ppa hoary main",
                "deb http://farm/~mark/ubuntu/ppa hoary main",
                f"deb http://farm/ubuntu hoary {everything}",
                f"deb http://farm/ubuntu hoary-security {everything}",
                f"deb http://farm/ubuntu hoary-updates {everything}",
            ),
            sources_list(ppa, PPA, (friend,), UBUNTU),
        )

    def test_a_private_ppa_has_credentials_and_no_updates(self):
        ppa = BuildPlace("hoary", Pocket.RELEASE, "main", Purpose.PPA, private=True)
        lines = sources_list(ppa, replace(PPA, secret="s3/cr@t"), (), UBUNTU)
        self.assertEqual("deb http://buildd:s3%2Fcr%40t@farm/~cprov/ubuntu/ppa hoary main", lines[0])
        self.assertEqual(["hoary", "hoary", "hoary-security"], [line.split()[2] for line in lines])

    def test_a_partner_build_uses_its_own_component_of_its_own_archive(self):
        partner = BuildPlace("hoary", Pocket.RELEASE, "partner", Purpose.PARTNER)
        lines = sources_list(partner, replace(UBUNTU, url="http://farm/ubuntu-partner"), (), UBUNTU)
        self.assertEqual("deb http://farm/ubuntu-partner hoary partner", lines[0])

    def test_no_line_comes_twice(self):
        self.assertEqual(1, len(sources_list(BUILD, UBUNTU, (UBUNTU,))))
