"""The master's own parts over slaves in memory, joined as in the daemon, with a clock that a test advances.

    master = Master(self)
    bob = master.add_builder("bob")
    build_id = master.add_build()
    master.run(60)
    master.state(build_id)

``restart()`` drops all that a daemon keeps in memory. Nothing else of it is a double but network, slaves, time and processes.
"""

import gc
import hashlib
from dataclasses import replace
from datetime import timedelta

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from buildmaster.daemon.config.reading import load
from buildmaster.daemon.parts import make_parts
from buildmaster.daemon.tasksetup import make_tasks
from buildmaster.farm.vocabulary.archives import Publishing
from buildmaster.files.disk import Disk
from buildmaster.files.layout import make_folders
from buildmaster.files.librarian import FolderLibrarian
from buildmaster.model.tables.archive import Archive
from buildmaster.model.tables.builders import Builder
from buildmaster.model.tables.builds import Attempt, Build
from buildmaster.model.tables.distribution import DistroSeries
from buildmaster.model.tables.files import StoredFile
from buildmaster.model.tables.outbox import OutboxMessage
from buildmaster.work.database import InlineDatabase
from tests.support.databases import a_folder
from tests.support.farmnetwork import FarmNetwork
from tests.support.packages import a_changes, a_control, a_deb
from tests.support.rows import NOW, Place, a_build, a_database, a_publication, a_release

ADMIN = "admin@example.com"
CONF = f"""[buildmaster]
root = %s
[web]
public_url = http://master/
[mail]
administrators = {ADMIN}
[slaves]
vm_resume_command = resume %%%%(vm_host)s
"""
TASKS = ("slave_scanner", "dispatcher", "uploader", "queue_builder", "publisher")
STEP = 0.25  # seconds that pass at once


class MasterNetwork(FarmNetwork):
    """A network of slaves, and of hosts whose machines can be reset by a command."""

    def __init__(self, clock):
        super().__init__(clock)
        self.commands, self.hosts, self.broken_hosts = [], {}, set()

    def spawnProcess(self, child, program, argv, **_):
        command = argv[1:]
        self.commands.append(command)
        host = command[-1]
        child.makeConnection(_Process())
        if host in self.broken_hosts:
            child.errReceived(b"no such host\n")
            child.processEnded(Failure(ProcessTerminated(exitCode=255)))
            return
        if host in self.hosts:
            self.hosts[host].forget()
            self.hosts[host].recover()
        child.processEnded(Failure(ProcessDone(0)))


class _Process:
    pid = 0


class Life:
    """The network as one daemon process sees it, until it is killed: then none of its calls comes any more.

    ``left`` is how many more deeds it does (a transaction, or the work of a thread) before it is killed.
    """

    def __init__(self, network):
        self.network = network
        self.left = None
        self.dead = False
        self._calls, self._connectors = [], []

    def __getattr__(self, name):
        return getattr(self.network, name)

    def callLater(self, *args, **kwargs):
        self._calls = [call for call in self._calls if call.active()]
        self._calls.append(self.network.callLater(*args, **kwargs))
        return self._calls[-1]

    def connectTCP(self, *args, **kwargs):
        connector = self.network.connectTCP(*args, **kwargs)
        self._connectors.append(connector)
        return connector

    def getThreadPool(self):
        return self

    def callInThreadWithCallback(self, result, work, *args, **kwargs):
        if self.may_act():
            self.network.callInThreadWithCallback(result, work, *args, **kwargs)

    def may_act(self):
        """Tell whether one more deed is done."""
        if self.left == 0:
            self.kill()
        elif self.left is not None:
            self.left -= 1
        return not self.dead

    def kill(self):
        self.dead = True
        for call in self._calls:
            if call.active():
                call.cancel()
        for connector in self._connectors:
            connector._given_up = True
            for end in connector.ends[:1]:
                end._protocol = Protocol()
                end.abortConnection()


class MortalDatabase(InlineDatabase):
    """A database that does nothing for the dead."""

    def __init__(self, transactions, life):
        super().__init__(transactions)
        self._life = life

    def run(self, work, *args):
        return super().run(work, *args) if self._life.may_act() else Deferred()

    def join(self, deed, item, patience=0.0):
        return super().join(deed, item) if self._life.may_act() else Deferred()

    def read(self, work, *args):
        return Deferred() if self._life.dead else super().read(work, *args)


class Master:
    """A farm: ubuntu/hoary for i386 and amd64, with an archive, and what a test adds; ``nudged`` are the jobs due at once."""

    def __init__(self, case, url=None, conf="", **archive):
        self.case = case
        self.root = a_folder()
        make_folders(self.root)
        path = self.root / "farm.conf"
        path.write_text(CONF % self.root + conf)
        self.config = load(path)
        self.transactions = a_database(case, url)
        self.clock = Clock()
        self.network = MasterNetwork(self.clock)
        self.network.get = self._served
        self.librarian = FolderLibrarian(self.root / "librarian")
        self.slaves, self.numbers, self.life = {}, {}, None
        self.write(self._set_up, archive)
        self.restart()

    def now(self):
        return NOW + timedelta(seconds=self.clock.seconds())

    def restart(self):
        """Be a new daemon: what was in memory is gone, what was under way never ends."""
        if self.life is not None:
            self.life.kill()
            self.parts.uploads.stop(0).cancel()  # the lock on uploads dies with its process
            self.case.flushLoggedErrors(CancelledError)
        self.life = Life(self.network)
        self.nudged = set()
        parts = make_parts(self.config, self.life, self.transactions, self.nudged.add)
        database = MortalDatabase(self.transactions, self.life)
        self.parts = replace(parts, database=database, librarian=self.librarian, disk=Disk(self.root, 0), now=self.now)
        self.tasks = make_tasks(self.parts)
        gc.collect()  # what the dead one was doing ends here, and not at some other time; a lock dies with its process

    # Time

    def turn(self, *names):
        """Give these tasks their turns, one after the other, each to its end; time passes where they wait."""
        for name in names:
            ended = Deferred.fromCoroutine(self.tasks[name].run())
            for _ in range(40):
                if ended.called or self.life.dead:
                    break
                self.clock.advance(STEP)
            if self.life.dead:
                self.restart()
                return
            self.case.successResultOf(ended)

    def run(self, seconds, *names, every=1):
        """Let time pass, with a turn of each task ``every`` so many seconds, and the nudges as they come."""
        for _ in range(int(seconds / every)):
            self.turn(*(names or TASKS))
            for _ in range(10):
                due = sorted(self.nudged & set(self.tasks))
                self.nudged.clear()
                if not due:
                    break
                self.turn(*due)
            self.clock.advance(every)

    # Rows

    def write(self, work, *args):
        return self.transactions.write(work, *args)

    def read(self, work, *args):
        return self.transactions.read(work, *args)

    def _set_up(self, session, archive):
        place = Place(session, **{"reference": "ubuntu", **archive})
        self.series_id, self.archive_id = place.series.id, place.archive.id
        for architecture in place.series.architectures:
            for chroot in architecture.chroots:
                chroot.chroot = self.keep(session, f"chroot-{architecture.architecturetag}.tar.gz")

    def keep(self, session, name, content=None):
        """Keep a file in the librarian; return its row."""
        path = self.root / "new"
        path.write_bytes(content or name.encode())
        kept = self.librarian.add(path)
        row = StoredFile(
            filename=name, mimetype="x/x", date_created=NOW, sha256=kept.sha256, sha1=kept.sha1, size=kept.size
        )
        session.add(row)
        session.flush()
        return row

    def _served(self, url, username="", password=""):
        """Return what slaves find in the master's web site."""
        file_id = url.removeprefix("http://master/files/").split("/")[0]
        row = self.read(lambda session: session.get(StoredFile, int(file_id)))
        return self.librarian.path(row.sha256).read_bytes()

    def add_builder(self, name="bob", tag="i386", classic=False, **columns):
        """Register a builder and start its slave; return the slave."""
        url = f"http://{name}:8221/"

        def add(session):
            series = session.get(DistroSeries, self.series_id)
            processors = [a.processor for a in series.architectures if a.architecturetag == tag]
            row = {"title": name, "url": url, "trusted": True, "date_created": NOW, **columns}
            builder = Builder(name=name, processors=processors, **row)
            session.add(builder)
            session.flush()
            return builder.id

        self.numbers[name] = self.write(add)
        self.slaves[name] = slave = self.network.slave(url, tag, classic)
        slave.will("OK", files=results_of)
        if columns.get("vm_host"):
            self.network.hosts[columns["vm_host"]] = slave
        return slave

    def publish(self, session, name, archive_id=None):
        """Publish a source whose files are there; return the publication."""
        series = session.get(DistroSeries, self.series_id)
        archive = session.get(Archive, archive_id or self.archive_id)
        release = a_release(session, archive, series, name, "1.0-1")
        for file in release.files:
            file.file = self.keep(session, file.filename)
        return a_publication(session, release, archive, series, status=Publishing.PUBLISHED)

    def add_build(self, name="hello", tag="i386", **columns):
        """Publish a source, and queue its build; return the build's id."""

        def add(session):
            publication = self.publish(session, name)
            [architecture] = [a for a in publication.series.architectures if a.architecturetag == tag]
            return a_build(session, publication, architecture, **columns).id

        return self.write(add)

    # What has come of it

    def look(self, build_id):
        """Return the build, with what is loaded of it."""
        return self.read(lambda session: session.get(Build, build_id))

    def state(self, build_id):
        return self.look(build_id).buildstate.name

    def builder(self, name="bob"):
        return self.read(lambda session: session.get(Builder, self.numbers[name]))

    def attempts(self, build_id):
        rows = lambda session: session.query(Attempt).filter_by(build_id=build_id).order_by(Attempt.number).all()  # noqa: E731
        return self.read(rows)

    def mails(self):
        """Return the subjects of what was mailed."""
        return self.read(lambda session: [message.subject for message in session.query(OutboxMessage)])

    def set_builder(self, name="bob", **columns):
        self.write(
            lambda session: [setattr(session.get(Builder, self.numbers[name]), *item) for item in columns.items()]
        )


def results_of(started):
    """Return the files of a good build of what a slave was given."""
    source = next(name for name in started.filemap if name.endswith(".dsc")).removesuffix(".dsc")
    name, version = source.split("_")
    tag = started.args["arch_tag"]
    control = a_control(Package=name, Version=version, Architecture=tag, Source=None)
    debs = {f"{source}_{tag}.deb": a_deb(control)}
    fields = {"Source": name, "Binary": name, "Version": version, "Architecture": tag}
    changes = a_changes(debs, Distribution=started.args["suite"], **fields)
    return {**debs, f"{source}_{tag}.changes": changes.encode()}


def sha1(content):
    return hashlib.sha1(content).hexdigest()
