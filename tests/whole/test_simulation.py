"""The whole master, against slaves, operators, restarts and time, in any order.

After every step the invariants hold. At the end, when the slaves are well again and the operators have done their work,
everything that waits is built within a bounded time.
"""

import contextlib  # trial takes the name "suppress" in a test module for its own

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.errors import BuildmasterError
from buildmaster.farm.builders.states import BuilderStatus, CleanStatus
from buildmaster.farm.queue.archspecific import NO_ARCH_SPECIFIC
from buildmaster.farm.vocabulary.archives import Purpose, SeriesStatus
from buildmaster.farm.vocabulary.states import ENDED, HELD, BuildState
from buildmaster.files.dpkgtables import dpkg_tables
from buildmaster.model.maintenance.invariants import broken_invariants
from buildmaster.model.maintenance.unbuilt import look_for_unbuilt
from buildmaster.model.queue.cancelling import cancel
from buildmaster.model.queue.missingbuilds import examine_again
from buildmaster.model.queue.retries import retry
from buildmaster.model.register.builders import clean_builder, fail_builder, restore_builder, set_manual
from buildmaster.model.register.freezing import Part, freeze, thaw
from buildmaster.model.tables.archive import BinaryPackageRelease
from buildmaster.model.tables.builders import Builder
from buildmaster.model.tables.builds import Attempt, Build, BuildQueue
from buildmaster.model.tables.distribution import DistroSeries
from buildmaster.model.tables.files import StoredFile
from tests.support.master import Master, results_of
from tests.support.rows import an_archive

S = BuildState
TABLE = dpkg_tables()
TURNS = ("slave_scanner", "dispatcher", "uploader", "queue_builder")
BUILDERS = {
    "bob": {},
    "eve": {},
    "old": {"classic": True},
    "amy": {"tag": "amd64"},
    "vma": {"tag": "amd64", "trusted": False, "vm_host": "vma.ppa"},
    "vmx": {"trusted": False, "vm_host": "vmx.ppa"},
}
BY_THEMSELVES = {S.MANUALDEPWAIT}  # ended states that the master may leave without being told to
VERDICTS = ("OK", "OK", "OK", "PACKAGEFAIL", "DEPFAIL", "CHROOTFAIL", "GIVENBACK", "BUILDERFAIL", "ABORTED")
LIES = (
    ["BuilderStatus.DANCING"],
    ["BuilderStatus.WAITING", "BuildStatus.OK", "1000-10000"],
    ["BuilderStatus.WAITING", "BuildStatus.TIRED", "1-1"],
    ["BuilderStatus.BUILDING", "7-1"],
    {"builder_status": "BuilderStatus.WAITING", "build_status": "BuildStatus.OK", "filemap": {"../x": "0" * 40}},
    [],
    "garbage",
)
WELL_WITHIN = 400  # turns of two seconds, in which a farm of well slaves does all that there is to do

numbers = st.integers(0, 99)
slaves = st.sampled_from(sorted(BUILDERS))


def a_farm(case):
    """Return a master with its builders, and the id of an archive of untrusted builds."""
    master = Master(case)

    def add_ppa(session):
        series = session.get(DistroSeries, master.series_id)
        return an_archive(session, series.distribution, purpose=Purpose.PPA, trusted=False, owner="cprov").id

    for name, how in BUILDERS.items():
        master.add_builder(name, **how)
    return master, master.write(add_ppa)


class FarmMachine(RuleBasedStateMachine):
    """What can happen to a farm."""

    def __init__(self, case):
        super().__init__()
        self.case = case
        self.master, self.ppa_id = a_farm(case)
        self.count = 0
        self.ended = {}

    # What people do

    @rule(trusted=st.booleans())
    def publish(self, trusted):
        self.count += 1
        name = f"pkg{self.count}"
        self.master.write(lambda session: self.master.publish(session, name, None if trusted else self.ppa_id).id)

    @rule(number=numbers)
    def cancel(self, number):
        self.on_a_build(number, lambda session, build_id: cancel(session, self.master.now(), build_id))

    @rule(number=numbers)
    def retry(self, number):
        build_id = self.on_a_build(number, lambda session, build_id: retry(session, self.master.now(), build_id))
        self.ended.pop(build_id, None)

    def on_a_build(self, number, work):
        ids = self.master.read(lambda session: [row.id for row in session.query(Build.id).order_by(Build.id)])
        if not ids:
            return None
        with contextlib.suppress(BuildmasterError):
            self.master.write(work, ids[number % len(ids)])
            return ids[number % len(ids)]
        return None

    @rule(name=slaves, now=st.sampled_from(["fail", "ok", "manual", "auto", "clean"]))
    def set_builder(self, name, now):
        time = self.master.now()
        work = {
            "fail": lambda session: fail_builder(session, name, "smoke", time),
            "ok": lambda session: restore_builder(session, name, time),
            "manual": lambda session: set_manual(session, name, True),
            "auto": lambda session: set_manual(session, name, False),
            "clean": lambda session: clean_builder(session, name, time),
        }
        with contextlib.suppress(BuildmasterError):
            self.master.write(work[now])

    @rule(status=st.sampled_from([SeriesStatus.DEVELOPMENT, SeriesStatus.CURRENT, SeriesStatus.FROZEN]))
    def release(self, status):
        self.master.write(_set_status, self.master.series_id, status)

    @rule(frozen=st.booleans())
    def freeze(self, frozen):
        if frozen:
            self.master.write(lambda session: freeze(session, Part(), "release day", self.master.now()))
        else:
            self.thaw()

    def thaw(self):
        with contextlib.suppress(BuildmasterError):
            self.master.write(lambda session: thaw(session, Part()))

    # What slaves do

    @rule(name=slaves, verdict=st.sampled_from(VERDICTS), duration=st.sampled_from([1, 10, 100, None]))
    def will(self, name, verdict, duration):
        self.slave(name).will(verdict, duration=duration, files=results_of, dependencies="baz (>= 1.0.1)")

    @rule(name=slaves)
    def finish(self, name):
        slave = self.slave(name)
        if slave.status in {BuilderStatus.BUILDING, BuilderStatus.ABORTING} and slave.started is not None:
            slave.finish()

    @rule(name=slaves, how=st.sampled_from(["vanish", "hang", "babble", "forget", "recover", "recover"]))
    def behave(self, name, how):
        getattr(self.slave(name), how)()

    @rule(name=slaves, words=st.sampled_from(LIES))
    def lie(self, name, words):
        self.slave(name).lie("status", words)

    @rule(name=slaves, method=st.sampled_from(["build", "ensurepresent", "status", "clean", "abort"]))
    def lose_a_reply(self, name, method):
        self.slave(name).lose_reply(method)

    @rule(name=slaves, fetching=st.sampled_from([0.0, 20.0]), abortable=st.booleans())
    def drag(self, name, fetching, abortable):
        self.slave(name).fetching, self.slave(name).abortable = fetching, abortable

    @rule(name=slaves)
    def spoil_results(self, name):
        self.slave(name).will("OK", duration=1, files={"x_1_i386.changes": b"nonsense"})

    @rule(name=slaves)
    def forget_the_files(self, name):
        self.slave(name).filecache.clear()

    def slave(self, name):
        return self.master.slaves[name]

    # What time and the daemon do

    @rule(turns=st.integers(1, 4), every=st.sampled_from([1, 5, 40, 200]))
    def pass_time(self, turns, every):
        self.master.run(turns * every, *TURNS, every=every)

    @rule(name=st.sampled_from(TURNS))
    def take_a_turn(self, name):
        self.master.turn(name)

    @rule(deeds=st.integers(0, 9))
    def be_killed(self, deeds):
        self.master.life.left = deeds
        for _ in range(3):
            self.master.turn(*TURNS)
            self.master.clock.advance(1)
        self.master.restart()

    # What always holds

    @invariant()
    def all_is_well(self):
        self.what_is_held_is_held_by_one()
        self.a_builder_that_holds_something_is_not_clean()
        self.what_has_ended_stays_as_it_is()
        self.what_is_built_is_in_the_librarian()
        self.no_build_is_failed_without_proof()
        self.the_doctor_finds_no_contradiction()
        self.nothing_breaks()

    def what_is_held_is_held_by_one(self):
        for build, entry, live in self.master.read(_held):
            told = (build.id, build.buildstate.name)
            if build.buildstate in HELD:
                assert [attempt.builder_id for attempt in live] == [entry.builder_id], told
            else:
                assert not live, told
            if build.buildstate is S.NEEDSBUILD:
                assert entry.builder_id is None, told
            if build.buildstate in ENDED | {S.UPLOADING}:
                assert entry is None, told

    def a_builder_that_holds_something_is_not_clean(self):
        for status in self.master.read(_holders):
            assert status is not CleanStatus.CLEAN

    def what_has_ended_stays_as_it_is(self):
        states = self.master.read(lambda session: {build.id: build.buildstate for build in session.query(Build)})
        for build_id, state in self.ended.items():
            assert states[build_id] is state or state in BY_THEMSELVES, (build_id, state, states[build_id])
        self.ended = {build_id: state for build_id, state in states.items() if state in ENDED}

    def what_is_built_is_in_the_librarian(self):
        for build_id, digests in self.master.read(_built).items():
            assert digests, build_id
            assert all(self.master.librarian.path(sha256).exists() for sha256 in digests), build_id

    def no_build_is_failed_without_proof(self):
        for build, attempts in self.master.read(_convicted):
            blamed = [attempt for attempt in attempts if attempt.blamed]
            assert len({attempt.builder_id for attempt in blamed}) >= 3 or len(blamed) >= 5, (build.id, build.failure)

    def the_doctor_finds_no_contradiction(self):
        rules = {self.master.series_id: NO_ARCH_SPECIFIC}
        looked = self.master.read(look_for_unbuilt, TABLE, rules, 0, 1000)
        found = self.master.read(broken_invariants, lambda sha256: self.master.librarian.path(sha256).exists())
        assert (looked.missing, found) == ((), ())

    def nothing_breaks(self):
        broken = self.case.flushLoggedErrors()
        assert not broken, broken

    def teardown(self):
        try:
            self.mend()
            self.settle()
        finally:
            self.master.transactions.engine.dispose()
            self.master.life.kill()

    def mend(self):
        """Let slaves be well, and operators put everything right."""
        self.thaw()
        self.release(SeriesStatus.DEVELOPMENT)
        for name in BUILDERS:
            slave = self.slave(name)
            slave.recover()
            if slave.stuck or slave.endless:
                slave.forget()
            slave.fetching, slave.abortable = 0.0, True
            slave.will("OK", duration=2, files=results_of)
            self.set_builder(name, "ok")
            self.set_builder(name, "auto")

    def settle(self):
        for _ in range(WELL_WITHIN):
            self.master.run(2, *TURNS, every=2)
            if not self.master.read(_unfinished):
                break
        unfinished = self.master.read(_unfinished)
        assert not unfinished, (unfinished, self.master.read(_farm))
        self.all_is_well()


def _set_status(session, series_id, status):
    session.get(DistroSeries, series_id).status = status
    examine_again(session, series_id)


def _held(session):
    live = session.query(Attempt).filter(Attempt.finished.is_(None)).all()
    entries = {entry.build_id: entry for entry in session.query(BuildQueue)}
    return [
        (build, entries.get(build.id), [attempt for attempt in live if attempt.build_id == build.id])
        for build in session.query(Build)
    ]


def _holders(session):
    live = session.query(Builder).join(Attempt).filter(Attempt.finished.is_(None))
    return [builder.clean_status for builder in live]


def _built(session):
    """Return the SHA-256s of the binaries of each build that is FULLYBUILT."""
    found = {}
    for build in session.query(Build).filter_by(buildstate=S.FULLYBUILT):
        files = session.query(StoredFile.sha256).join(BinaryPackageRelease).filter_by(build_id=build.id)
        found[build.id] = [row.sha256 for row in files]
    return found


def _convicted(session):
    failed = session.query(Build).filter(Build.failure.like("it failed again and again%"))
    return [(build, list(build.attempts)) for build in failed.filter_by(buildstate=S.FAILEDTOBUILD)]


def _unfinished(session):
    unfinished = [build for build in session.query(Build) if build.buildstate not in ENDED]
    return [(build.id, build.buildstate.name, build.entry and build.entry.reason) for build in unfinished]


def _farm(session):
    """Return how the builders are, for whoever reads a failure."""
    return [
        (row.name, row.builderok, row.failnotes, row.clean_status.name, row.silent_scans)
        for row in session.query(Builder)
    ]


class SimulationTests(SynchronousTestCase):
    def test_the_master_survives_any_history(self):
        run_state_machine_as_test(
            lambda: FarmMachine(self),
            settings=settings(
                max_examples=18,
                stateful_step_count=30,
                deadline=None,
                report_multiple_bugs=False,
                phases=(Phase.explicit, Phase.generate),
                suppress_health_check=list(HealthCheck),
            ),
        )
