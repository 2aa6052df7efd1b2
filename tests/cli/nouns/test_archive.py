"""Archives are changed and shown, and what changes with them."""

from sqlalchemy import select

from buildmaster.model.tables.archive import Archive
from tests.support.places import PlaceCase

REFUSED = {
    "archive add ubuntu": "the archive ubuntu is there already: `buildmaster archive set` changes it",
    "archive add debian": "there is no distribution debian (known: ubuntu); `buildmaster distribution add debian` adds it",
    "archive set ubuntu --depends ubuntu": "ubuntu can't depend on itself",
    "archive set ubuntu --depends ~cprov/ubuntu/ppa": (
        "ubuntu is public, so it can't depend on ~cprov/ubuntu/ppa, which is private"
    ),
    "archive set ubuntu --url http://mirror.example/": "a mirror outside needs both --url and --components",
    "archive show ~cprov/ubuntu": "'~cprov/ubuntu' names no archive: write it like ~cprov/ubuntu/ppa",
}


class ArchiveTests(PlaceCase):
    def test_what_is_wrong_is_refused_with_what_to_do(self):
        self.assert_refused(REFUSED)

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
