"""What a slave must be told to build an attempt."""

import base64

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.vocabulary.archives import Pocket, Purpose
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.dispatch.slaveorders import orders
from buildmaster.model.tables.archive import ArchiveDependency
from buildmaster.model.tables.distribution import PocketChroot
from tests.support.databases import postgresql_farm_url
from tests.support.rows import (
    NOW,
    Place,
    a_build,
    a_builder,
    a_database,
    a_publication,
    a_stored_file,
    an_archive,
    an_attempt,
)

ARGS = {
    "series": "hoary",
    "suite": "hoary",
    "ogrecomponent": "main",
    "arch_tag": "amd64",
    "arch_indep": False,
    "archive_purpose": "PRIMARY",
    "archive_private": False,
    "build_debug_symbols": False,
}


class OrderTests(SynchronousTestCase):
    def order(self, change=None, **archive):
        """Return the order of an attempt, after a change of its place or build."""

        def work(session):
            place = Place(session, **archive)
            publication = place.publish()
            for source in publication.release.files:
                source.file = a_stored_file(session, "pmount_1.0-1.dsc", "2")
            build = a_build(session, publication, place.series.architectures[0], BuildState.BUILDING)
            attempt = an_attempt(session, build, a_builder(session, kinds="binarypackage livefs"))
            if change:
                change(session, place, build)
            session.flush()
            return orders(session, NOW, [attempt.id], "http://master/")[0]

        return a_database(self).write(work)

    def args(self, change=None, **archive):
        return dict(self.order(change, **archive).args)

    def test_the_arguments_of_old_and_new_slaves_together(self):
        args = self.args()
        self.assertRegex(args.pop("distribution"), "^ubuntu[0-9]+$")
        self.assertEqual(ARGS, args)

    def test_the_builder_the_chroot_and_the_files(self):
        order = self.order()
        self.assertEqual(("binarypackage", "livefs"), order.builder.kinds)
        self.assertEqual(("chroot.tar.gz", "0" * 40, ""), (order.chroot.name, order.chroot.sha1, order.chroot.password))
        [dsc] = order.files
        self.assertEqual(("pmount_1.0-1.dsc", "2" * 40), (dsc.name, dsc.sha1))
        self.assertRegex(dsc.url, "^http://master/files/[0-9]+/pmount_1.0-1.dsc$")

    def test_the_pockets_own_chroot_comes_before_that_of_release(self):
        def updates(session, place, build):
            build.pocket = Pocket.UPDATES
            own = a_stored_file(session, "updates.tar.gz", "9")
            session.add(
                PocketChroot(architecture=build.architecture, pocket=Pocket.UPDATES, chroot=own, date_created=NOW),
            )

        order = self.order(updates)
        self.assertEqual(("updates.tar.gz", "hoary-updates"), (order.chroot.name, order.args["suite"]))

    def test_the_component_is_that_of_the_newest_active_publication(self):
        def moved(session, place, build):
            a_publication(session, build.release, place.archive, place.series, component="universe")

        self.assertEqual("universe", self.args(moved)["ogrecomponent"])

    def test_a_mirror_and_its_key_are_told(self):
        args = self.args(url="http://mirror/ubuntu", components="main,universe", key="KEY")
        self.assertEqual(["deb http://mirror/ubuntu hoary main"], args["archives"])
        self.assertEqual([base64.b64encode(b"KEY").decode()], args["trusted_keys"])

    def test_a_ppa_builds_on_the_primary_archive_and_on_its_dependencies(self):
        def depend(session, place, build):
            distribution = place.series.distribution
            an_archive(session, distribution, url="http://mirror/ubuntu", components="main")
            other = an_archive(session, distribution, purpose=Purpose.PPA, url="http://ppa/x", components="main")
            session.add(ArchiveDependency(archive_id=place.archive.id, dependency_id=other.id, date_created=NOW))

        archives = self.args(depend, purpose=Purpose.PPA, trusted=False)["archives"]
        self.assertEqual("deb http://ppa/x hoary main", archives[0])
        self.assertIn("deb http://mirror/ubuntu hoary main", archives)

    def test_a_private_archives_files_come_with_their_secret(self):
        def private(session, place, build):
            for source in build.release.files:
                source.file.archive_id = place.archive.id

        [dsc] = self.order(private, private=True, buildd_secret="s3cret").files
        self.assertEqual(("buildd", "s3cret"), (dsc.username, dsc.password))
        self.assertTrue(self.args(private, private=True, buildd_secret="s3cret")["archive_private"])

    def test_many_together_are_told_what_each_is_alone(self):
        def work(session):
            attempts = [attempt for number in range(3) for attempt in self.attempts_of(session, number)]
            alone = tuple(
                order for attempt in attempts for order in orders(session, NOW, [attempt.id], "http://master/")
            )
            return orders(session, NOW, [attempt.id for attempt in attempts], "http://master/"), alone

        for url in (None, postgresql_farm_url()):
            together, alone = a_database(self, url).write(work)
            self.assertEqual(alone, together)
            self.assertEqual(12, len({order.title for order in together}))

    def attempts_of(self, session, number):
        """Return attempts in a place that differs from others in all that orders tell."""
        facts = {"purpose": Purpose.PPA, "private": True, "buildd_secret": f"s{number}", "key": f"KEY{number}"}
        place = Place(session, url=f"http://ppa{number}/", **facts)
        other = an_archive(session, place.series.distribution, url=f"http://primary{number}/")
        session.add(ArchiveDependency(archive_id=place.archive.id, dependency_id=other.id, date_created=NOW))
        for name, pocket in (("one", Pocket.RELEASE), ("two", Pocket.SECURITY)):
            publication = place.publish(name, component=("main", "universe", "x")[number])
            publication.pocket = pocket
            for source in publication.release.files:
                source.file = a_stored_file(session, f"{name}.dsc", str(number), archive_id=place.archive.id)
            for architecture in place.series.architectures:
                build = a_build(session, publication, architecture, BuildState.BUILDING)
                builder = a_builder(session, processors=[architecture.processor], vm_host=f"{name}.vm")
                yield an_attempt(session, build, builder)
