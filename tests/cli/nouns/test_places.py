"""Series, architectures, chroots and archives: what is refused, in words, and what changes with them."""

import gzip

from sqlalchemy import select
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.vocabulary.references import parse_series
from buildmaster.model.tables.archive import Archive, SourcePublication
from buildmaster.model.tables.builds import BuildQueue
from buildmaster.model.tables.distribution import find_series
from tests.cli.test_first_farm import a_tarball, set_up
from tests.support.buildrows import a_build, an_entry
from tests.support.commands import CommandFarm
from tests.support.rows import Place

REFUSED = {
    "series add ubuntu/hoary": "the series ubuntu/hoary is there already: `buildmaster series set` changes it",
    "series add ubuntu/hoary-updates": "'hoary-updates' can't be the name of a series: it ends like a pocket's suite",
    "series add ubunto/warty": (
        "there is no distribution ubunto (did you mean ubuntu?); `buildmaster distribution add ubunto` adds it"
    ),
    "series set ubuntu/horay": (
        "there is no series horay in ubuntu (did you mean hoary?); `buildmaster series add ubuntu/horay` adds it"
    ),
    "series set ubuntu/hoary --nominated-arch-indep hppa": (
        "there is no architecture hppa in ubuntu/hoary (known: amd64, i386); "
        "`buildmaster arch add ubuntu/hoary/hppa --processor NAME` adds it"
    ),
    "series set hoary": "'hoary' names no series: write it like ubuntu/hoary",
    "arch add ubuntu/hoary/i386 --processor x86": "the architecture ubuntu/hoary/i386 is there already",
    "arch add ubuntu/hoary/all --processor x86": (
        "all can't be an architecture: it has a meaning of its own in an Architecture field"
    ),
    "arch add ubuntu/hoary/hppa --processor hppa": (
        "there is no processor hppa (known: amd64, x86); `buildmaster processor add hppa` adds it"
    ),
    "chroot remove ubuntu/hoary/amd64": "ubuntu/hoary/amd64 has no chroot for RELEASE: see `buildmaster chroot list`",
    "chroot set ubuntu/hoary/hppa /dev/null": (
        "there is no architecture hppa in ubuntu/hoary (known: amd64, i386); "
        "`buildmaster arch add ubuntu/hoary/hppa --processor NAME` adds it"
    ),
    "processor add x86": "the processor x86 is there already",
    "processor add X86": (
        "'X86' can't be the name of a processor: use small letters, digits, and + . - after the first character"
    ),
    "distribution add ubuntu": "the distribution ubuntu is there already",
    "archive add ubuntu": "the archive ubuntu is there already: `buildmaster archive set` changes it",
    "archive add debian": "there is no distribution debian (known: ubuntu); `buildmaster distribution add debian` adds it",
    "archive set ubuntu --depends ubuntu": "ubuntu can't depend on itself",
    "archive set ubuntu --depends ~cprov/ubuntu/ppa": (
        "ubuntu is public, so it can't depend on ~cprov/ubuntu/ppa, which is private"
    ),
    "archive set ubuntu --url http://mirror.example/": "a mirror outside needs both --url and --components",
    "archive show ~cprov/ubuntu": "'~cprov/ubuntu' names no archive: write it like ~cprov/ubuntu/ppa",
    "thaw": "everything is not frozen (frozen: nothing is)",
}


class PlaceCommandTests(SynchronousTestCase):
    def setUp(self):
        self.farm = CommandFarm(self)
        set_up(self.farm)

    def entry(self):
        """Return the one entry's trust, reason and step."""
        return self.farm.transactions.read(
            lambda session: tuple(session.execute(select(BuildQueue.is_trusted, BuildQueue.reason)).one()),
        )

    def publish(self, reference):
        self.farm.transactions.write(self.write, reference)

    def write(self, session, reference):
        place = Place.__new__(Place)
        place.session, place.archive = session, session.scalar(select(Archive).where(Archive.reference == reference))
        place.series = self.hoary(session)
        publication = place.publish()
        publication.examined = True
        build = a_build(session, publication.release, place.series.architectures[1], place.archive)
        an_entry(session, build, reason="no chroot for ubuntu/hoary/i386")

    def hoary(self, session):
        return find_series(session, parse_series("ubuntu/hoary"))

    def examined(self):
        return self.farm.transactions.read(lambda session: session.scalar(select(SourcePublication.examined)))

    def test_what_is_wrong_is_refused_with_what_to_do(self):
        self.maxDiff = None
        self.assertEqual(REFUSED, {line: self.farm.refused(*line.split()) for line in REFUSED})

    def test_series_set_changes_what_is_given_and_has_its_sources_looked_at_again(self):
        self.publish("ubuntu")
        self.farm.run("series", "set", "ubuntu/hoary", "--status", "current", "--nominated-arch-indep", "amd64")
        (row,) = self.farm.json("series", "list")
        self.assertEqual(
            ("CURRENT", "amd64", "5.04", "Hoary"),
            (row["status"], row["nominated_arch_indep"], row["version"], row["title"]),
        )
        self.assertFalse(self.examined())

    def test_a_chroot_is_replaced_and_frees_what_waited_for_it(self):
        self.publish("ubuntu")
        before = self.farm.json("chroot", "list")
        with gzip.open(self.farm.root / "other.tar.gz", "wb") as file:
            file.write(b"x" * 10)
        result = self.farm.result("chroot", "set", "ubuntu/hoary/i386", self.farm.root / "other.tar.gz")
        self.assertIn("is not a tarball that can be read here", result.stderr)
        after = self.farm.json("chroot", "list")
        self.assertEqual(["other.tar.gz"], [row["filename"] for row in after])
        self.assertNotEqual(before, after)
        self.assertEqual((True, None), self.entry())

    def test_each_pocket_may_have_a_chroot(self):
        other = a_tarball(self.farm.root / "security.tar.gz")
        self.farm.run("chroot", "set", "ubuntu/hoary/i386", other, "--pocket", "security")
        self.assertEqual(["RELEASE", "SECURITY"], [row["pocket"] for row in self.farm.json("chroot", "list")])
        self.farm.run("chroot", "remove", "ubuntu/hoary/i386", "--pocket", "security")
        self.assertEqual(["RELEASE"], [row["pocket"] for row in self.farm.json("chroot", "list")])

    def test_a_chroot_file_that_is_not_there_is_one_line(self):
        self.assertIn("No such file", self.farm.refused("chroot", "set", "ubuntu/hoary/i386", "/nowhere/x.tar"))

    def test_another_trust_is_carried_to_the_queue(self):
        self.publish("~cprov/ubuntu/ppa")
        self.assertEqual((False, "no chroot for ubuntu/hoary/i386"), self.entry())
        self.farm.run("archive", "set", "~cprov/ubuntu/ppa", "--trusted")
        self.assertEqual((True, None), self.entry())

    def test_an_archive_with_sources_stays_as_private_as_it_is(self):
        self.farm.run("archive", "set", "~cprov/ubuntu/ppa", "--public")
        self.farm.run("archive", "set", "~cprov/ubuntu/ppa", "--private")
        self.publish("~cprov/ubuntu/ppa")
        self.assertEqual(
            "~cprov/ubuntu/ppa has sources, so it stays private: make another archive and copy them there",
            self.farm.refused("archive", "set", "~cprov/ubuntu/ppa", "--public"),
        )

    def test_a_private_archives_secret_is_shown_to_nobody(self):
        secret = self.farm.transactions.read(
            lambda session: session.scalar(select(Archive.buildd_secret).where(Archive.private)),
        )
        self.assertGreater(len(secret), 20)
        for command in ("list", "show ~cprov/ubuntu/ppa"):
            self.assertNotIn(secret, self.farm.run("archive", *command.split(), "--json"))

    def test_an_empty_word_takes_dependencies_and_a_mirror_away(self):
        ppa = "~cprov/ubuntu/ppa"
        self.farm.run("archive", "set", ppa, "--url", "http://mirror.example/", "--components", "main")
        self.farm.run("archive", "set", ppa, "--depends", "", "--url", "")
        found = self.farm.json("archive", "show", ppa)
        self.assertEqual(([], None, None), (found["depends"], found["url"], found["components"]))

    def test_all_of_an_archive_is_shown(self):
        self.publish("ubuntu")
        key = self.farm.root / "key.asc"
        key.write_text("armored")
        mirror = ("--url", "http://me:hush@mirror.example/ubuntu", "--components", "main,universe", "--key", key)
        self.farm.run("archive", "set", "ubuntu", *mirror, "--score", 7, "--build-limit", 7200, "--silence-limit", 60)
        self.farm.run("archive", "set", "ubuntu", "--silence-limit", 0)
        self.farm.run("archive", "disable", "ubuntu")
        found = self.farm.json("archive", "show", "ubuntu")
        found.pop("created")
        self.assertEqual(
            {
                "reference": "ubuntu",
                "purpose": "PRIMARY",
                "private": False,
                "trusted": True,
                "enabled": False,
                "score": 7,
                "depends": [],
                "url": "http://mirror.example/ubuntu",
                "components": "main,universe",
                "has_key": True,
                "build_limit": 7200.0,
                "silence_limit": None,
                "empty_log_limit": None,
                "sources": 1,
                "builds": {"NEEDSBUILD": 1},
            },
            found,
        )
        self.assertNotIn("hush", self.farm.run("audit", "--json"))
        self.farm.run("archive", "enable", "ubuntu")
        self.assertTrue(self.farm.json("archive", "show", "ubuntu")["enabled"])

    def test_freezes_are_listed_until_thawed(self):
        self.farm.run("freeze", "--reason", "release day")
        self.farm.run("freeze", "--archive", "ubuntu", "--processor", "x86")
        self.farm.run("freeze", "--archive", "ubuntu", "--processor", "x86", "--reason", "again")
        found = [(row["archive"], row["processor"], row["reason"]) for row in self.farm.json("freezes")]
        self.assertEqual([(None, None, "release day"), ("ubuntu", "x86", "again")], found)
        self.assertEqual(
            "ubuntu is not frozen (frozen: everything, ubuntu on x86)", self.farm.refused("thaw", "--archive", "ubuntu")
        )
        self.farm.run("thaw")
        self.farm.run("thaw", "--archive", "ubuntu", "--processor", "x86")
        self.assertEqual([], self.farm.json("freezes"))

    def test_wrong_words_for_an_enumeration_are_wrong_usage(self):
        self.assertEqual(2, self.farm.result("series", "set", "ubuntu/hoary", "--status", "OLD").exit_code)
