"""A farm with a build that failed, one that runs, one that waits and one that is closed."""

import gzip

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.vocabulary.archives import Pocket, SeriesStatus
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.files.librarian import FolderLibrarian
from tests.support.buildrows import a_build, a_builder, a_dispatched_build, an_attempt, an_entry
from tests.support.commands import CommandFarm
from tests.support.rows import NOW, Place, a_stored_file

LOG = "checking for gcc... gcc\n" * 5000


class BuildCase(SynchronousTestCase):
    def setUp(self):
        self.farm = CommandFarm(self)
        self.sha256 = self.keep(gzip.compress(LOG.encode()))
        self.failed, self.running, self.waiting, self.closed = self.farm.transactions.write(self.populate)

    def keep(self, content):
        path = self.farm.root / "log"
        path.write_bytes(content)
        return FolderLibrarian(self.farm.root / "librarian").add(path).sha256

    def populate(self, session):
        place = Place(session, reference="ubuntu")
        place.series.distribution.name, place.series.status = "ubuntu", SeriesStatus.DEVELOPMENT
        i386 = next(row for row in place.series.architectures if row.architecturetag == "i386")
        bob = a_builder(session)
        failed, running, waiting, closed = (
            a_build(session, place.publish(name).release, i386, place.archive)
            for name in ("failed", "running", "waiting", "closed")
        )
        failed.buildstate = closed.buildstate = BuildState.FAILEDTOBUILD
        failed.failure, failed.datebuilt, failed.buildduration = "dpkg-buildpackage exited with 2", NOW, 75.0
        closed.pocket = Pocket.SECURITY
        log = a_stored_file(session, "buildlog.txt.gz")
        log.sha256 = self.sha256
        an_attempt(session, failed, bob, state=BuildState.FAILEDTOBUILD, finished=NOW, buildlog=log)
        a_dispatched_build(session, running, bob, logtail="half way\n")
        an_entry(session, waiting, lastscore=2505)
        return failed.id, running.id, waiting.id, closed.id

    def state(self, build_id):
        return self.farm.json("build", "show", build_id)["state"]
