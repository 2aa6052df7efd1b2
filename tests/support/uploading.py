"""Builds whose results wait, and an uploader that takes them in, for tests."""

from twisted.internet.defer import Deferred, execute
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.files.layout import ACCEPTED, FAILED, INCOMING, REJECTED
from buildmaster.files.librarian import FolderLibrarian
from buildmaster.files.uploadfolders import LOG_NAME
from buildmaster.model.notices.builds import NoNotices
from buildmaster.model.tables.archive import BinaryPackageRelease
from buildmaster.model.tables.builds import Build
from buildmaster.tasks.uploader.drops import Drops
from buildmaster.tasks.uploader.results import ResultRecorder
from buildmaster.tasks.uploader.turn import Uploader
from buildmaster.work.errands import Errands
from buildmaster.work.sourceintake import SourceIntake
from tests.support.contexts import a_context
from tests.support.databases import a_folder
from tests.support.packages import results, write
from tests.support.rows import NOW, Place, a_build, a_database, a_stored_file, an_archive, an_attempt

S = BuildState
LEAF = "20260301-120000-1-1"


def leaf_of(number):
    return f"20260301-120000-{number}-1"


def builds_that_wait(session, count=4):
    """Add builds whose results wait, in two archives by turns."""
    place = Place(session, reference="ubuntu")
    ppa = an_archive(session, place.series.distribution, reference="~cprov/ubuntu/ppa")
    for number in range(count):
        place.archive, ppa = ppa, place.archive
        publication = place.publish(f"hello{number}", "1.0-1")
        architecture = next(one for one in place.series.architectures if one.architecturetag == "i386")
        build = a_build(session, publication, architecture, S.BUILDING)
        attempt = an_attempt(session, build, leaf=leaf_of(number), cookie=f"{number}-1", finished=NOW)
        attempt.buildlog = a_stored_file(session, f"buildlog_x.hello{number}_1_UPLOADING.txt.gz")
        session.delete(build.entry)
        session.flush()
        build.buildstate = attempt.state = S.UPLOADING


def an_upload(session, state=S.UPLOADING, **columns):
    """Add a build of hello 1.0-1 for hoary/i386 whose results wait; return its id."""
    place = Place(session, reference="ubuntu")
    publication = place.publish("hello", "1.0-1")
    build = a_build(session, publication, place.series.architectures[1], S.BUILDING)
    attempt = an_attempt(session, build, leaf=LEAF, cookie="1-1", finished=NOW)
    session.delete(build.entry)
    session.flush()
    build.buildstate = attempt.state = state
    for name, value in columns.items():
        setattr(build, name, value)
    return build.id


def facts(session, build_id):
    """Return what became of a build: its state and its binaries."""
    build = session.get(Build, build_id)
    names = [(row.name, row.version, row.kind, row.section) for row in session.query(BinaryPackageRelease)]
    return build.buildstate, build.attempts[0].state, names


class Told(NoNotices):
    """Remembers in a case what was told of refused results."""

    def __init__(self, case):
        self.case = case

    def refused(self, session, now, build_id, why):
        self.case.told.append((session.get(Build, build_id).buildstate, why))


class UploaderCase(SynchronousTestCase):
    url = staticmethod(lambda: None)  # SQLite's

    def setUp(self):
        self.root = a_folder()
        self.transactions = a_database(self, self.url())
        self.librarian = FolderLibrarian(self.root / "librarian")
        self.nudged, self.told = [], []
        self.now = NOW

    def uploader(self, database=None, in_thread=execute, command=None):
        """Return an uploader, and the errands that it goes on."""
        errands = Errands(Clock(), 1, "upload")
        parts = {"database": database} if database else {}
        parts |= {"librarian": self.librarian, "in_thread": in_thread, "now": lambda: self.now, "notices": Told(self)}
        context = a_context(self.transactions, self.nudged, **parts)
        results = ResultRecorder(context, self.root, command)
        return Uploader(context, self.root, errands, results, Drops(context, SourceIntake(context))), errands

    def turn(self, in_thread=execute, command=None):
        uploader, errands = self.uploader(None, in_thread, command)
        self.successResultOf(Deferred.fromCoroutine(uploader.run()))
        self.successResultOf(errands.stop(0))

    def upload(self, files=None, **columns):
        self.build_id = self.transactions.write(lambda session: an_upload(session, **columns))
        if files is None:
            files = results()
        write(self.root / INCOMING / LEAF, files)

    def facts(self):
        return self.transactions.read(facts, self.build_id)

    def read(self, work):
        return self.transactions.read(work)

    def log_in(self, place, leaf=LEAF):
        return (self.root / place / leaf / LOG_NAME).read_text()

    def places(self):
        """Return where leaves are: a list of place/name."""
        places = (self.root / name for name in (INCOMING, ACCEPTED, REJECTED, FAILED))
        return [f"{place.name}/{leaf.name}" for place in places if place.is_dir() for leaf in place.iterdir()]
