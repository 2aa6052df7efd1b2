"""Why waiting entries can be given to nobody now: kept on the entry, and changed with its cause."""

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.queue.dispatching import block
from buildmaster.farm.vocabulary.archives import Pocket, Publishing, SeriesStatus
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.dispatch.blocking import blocks, look_again, places, review_blocks
from buildmaster.model.tables.archive import Freeze
from buildmaster.model.tables.builds import BuildQueue
from tests.support.databases import postgresql_farm_url
from tests.support.rows import NOW, Place, a_build, a_database, a_publication, a_stored_file, an_architecture

S = BuildState


class BlockingTests(SynchronousTestCase):
    def url(self):
        return None

    def setUp(self):
        self.transactions = a_database(self, self.url())

    def reasons(self, change=None, **archive):
        """Return the reason of a waiting build's entry, after a change of its place, publication or build."""

        def work(session):
            place = Place(session, **archive)
            publication = place.publish()
            for source in publication.release.files:
                source.file = a_stored_file(session, "a.dsc")
            build = a_build(session, publication, place.series.architectures[0])
            if change:
                change(session, place, publication, build)
            session.flush()
            found = blocks(session, [build.entry.id])
            session.expire_all()
            return build.entry.reason, bool(found)

        return self.transactions.write(work)

    def check(self, pattern, change=None, **archive):
        reason, blocked = self.reasons(change, **archive)
        self.assertTrue(blocked)
        self.assertRegex(reason, pattern)

    def test_nothing_in_the_way(self):
        self.assertEqual((None, False), self.reasons())

    def test_a_disabled_archive(self):
        self.check("^archive archive[0-9]+ is disabled$", enabled=False)

    def test_no_chroot(self):
        def bare(session, place, publication, build):
            build.architecture = an_architecture(session, place.series, "ppc", chroot=False)

        self.check("^no chroot for ubuntu[0-9]+/hoary/ppc$", bare)

    def test_the_chroot_of_release_serves_all_pockets(self):
        def updates(session, place, publication, build):
            build.pocket, place.series.status = Pocket.UPDATES, SeriesStatus.CURRENT

        self.assertEqual((None, False), self.reasons(updates))

    def test_a_closed_pocket(self):
        def security(session, place, publication, build):
            build.pocket = Pocket.SECURITY

        self.check(
            r"^amd64 build of pmount 1.0-1 in ubuntu[0-9]+ hoary SECURITY \([0-9]+\) can not be built for pocket SECURITY:"
            " invalid pocket due to the series status of hoary.$",
            security,
        )

    def test_a_source_that_is_still_to_be_fetched(self):
        def missing(session, place, publication, build):
            publication.release.files[0].file = None

        self.check("^its source files are still to be fetched$", missing)

    def test_a_private_source_that_is_not_yet_published(self):
        self.check("^its source is private and not yet published$", private=True, buildd_secret="s")

        def published(session, place, publication, build):
            publication.status = Publishing.PUBLISHED

        self.assertEqual((None, False), self.reasons(published, private=True, buildd_secret="s"))

    def test_published_elsewhere_is_not_published_here(self):
        def elsewhere(session, place, publication, build):
            other = Place(session)
            a_publication(session, publication.release, other.archive, place.series, status=Publishing.PUBLISHED)

        self.check("^its source is private and not yet published$", elsewhere, private=True, buildd_secret="s")

    def test_freezes_of_everything_of_the_archive_and_of_the_processor(self):
        for facts in (
            lambda *_: {},
            lambda p, b: {"archive_id": p.archive.id},
            lambda p, b: {"processor_id": b.processor_id},
        ):

            def freeze(session, place, publication, build, facts=facts):
                session.add(Freeze(reason="release day", date_created=NOW, **facts(place, build)))

            self.check("^dispatching is frozen: release day$", freeze)
            self.transactions.write(lambda session: session.query(Freeze).delete())

    def test_a_freeze_of_another_archive_is_no_matter(self):
        def freeze(session, place, publication, build):
            session.add(Freeze(reason="x", date_created=NOW, archive_id=Place(session).archive.id))

        self.assertEqual((None, False), self.reasons(freeze))

    def test_blocks_go_when_their_cause_does(self):
        def block(session, place, publication, build):
            place.archive.enabled = False
            self.archive = place.archive

        self.reasons(block)
        self.transactions.write(review_blocks, 0)
        self.assertEqual({"archive"}, self.kept())

        def enable(session):
            session.merge(self.archive).enabled = True

        self.transactions.write(enable)
        self.assertEqual(0, self.transactions.write(review_blocks, 0))
        self.assertEqual({None}, self.kept())

    def test_all_can_be_looked_at_again(self):
        self.reasons(enabled=False)
        self.transactions.write(look_again)
        self.assertEqual({None}, self.kept())

    def kept(self):
        """Return the first words of the reasons that are kept."""
        rows = self.transactions.read(lambda session: [entry.reason for entry in session.query(BuildQueue)])
        return {reason and reason.split()[0] for reason in rows}

    def test_nothing_has_no_place(self):
        self.assertEqual({}, self.transactions.read(places, []))

    def test_many_together_have_the_places_that_each_has_alone(self):
        def work(session):
            ids = [entry_id for kind in range(4) for entry_id in self.entries(session, kind)]
            return [places(session, ids)[id_] for id_ in ids], [places(session, [id_])[id_] for id_ in ids]

        together, alone = self.transactions.write(work)
        self.assertEqual(alone, together)
        blocked = [None if block(place) is None else block(place).split()[0] for place in together]
        expected = [None, "its", None, "amd64", None, "no", "archive", "archive"]
        self.assertEqual(expected, blocked)

    def entries(self, session, kind):
        """Return the ids of two entries of a place; the second has something more in its way, if the first has."""
        place = Place(session, private=kind == 0, buildd_secret="s", enabled=kind < 3)
        place.series.status = SeriesStatus.CURRENT if kind == 1 else SeriesStatus.DEVELOPMENT
        bare = an_architecture(session, place.series, "ppc", chroot=False)
        for second in (False, True):
            status = Publishing.PENDING if second else Publishing.PUBLISHED
            publication = place.publish(f"pmount{second:d}")
            publication.status = status
            publication.pocket = Pocket.UPDATES if kind == 1 and not second else Pocket.RELEASE
            for source in publication.release.files:
                source.file = None if second and kind == 3 else a_stored_file(session, "a.dsc")
            architecture = bare if second and kind == 2 else place.series.architectures[0]
            yield a_build(session, publication, architecture, unmet="zlib" if second and kind == 3 else None).entry.id


class PostgreSQLBlockingTests(BlockingTests):
    def url(self):
        return postgresql_farm_url()
