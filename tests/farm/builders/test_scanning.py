"""What is done about a builder without a job, out of service, or silent; and what holds for all."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.builders.actions import (
    Abort,
    Clean,
    Collect,
    Conclude,
    CountSilence,
    FailBuilder,
    Heard,
    MarkClean,
    MarkDirty,
    PostponeProbe,
    Requeue,
    Rescue,
    Reset,
    Restore,
)
from buildmaster.farm.builders.facts import Observation
from buildmaster.farm.builders.logmessages import line
from buildmaster.farm.builders.replies import Silence, SlaveInfo, SlaveStatus
from buildmaster.farm.builders.scanning import FIRST_PROBE, LAST_PROBE, decide, next_delay
from buildmaster.farm.builders.states import BuilderStatus, CleanStatus, FailedBy, SlaveVerdict
from buildmaster.farm.vocabulary.states import BuildState
from tests.support.facts import COOKIE, INFO, LIMITS, NOW, REFUSED, a_builder, a_job, a_word, ago, seen

HEARD = Heard(None, None)
ASKED = Heard(None, INFO.kinds)
DIRTY = {"clean_status": CleanStatus.DIRTY}
CLEANING = {"clean_status": CleanStatus.CLEANING, "clean_since": ago(10)}
LATE = {"clean_status": CleanStatus.CLEANING, "clean_since": ago(181)}
FAILED = {"builderok": False, "failed_by": FailedBy.PROBE, "failnotes": "x", "probe_delay": 60.0, **DIRTY}
VM = {"trusted": False, "vm_host": "bob.ppa"}
NEVER_ENDS = "its slave did not end its build 180 s after it was told to"
STRANGE = "The object Build by the ID 1000 does not exist"
UNKNOWN_WORD = "Unknown status code (Dancing) returned from status() probe."

# builder, word, why its cookie is not the builder's: actions after the first, which is always HEARD
WITHOUT_JOB = [
    ("idle, clean", {}, a_word("IDLE"), None, ()),
    ("idle, dirty", DIRTY, a_word("IDLE"), None, (MarkClean(),)),
    ("idle, cleaning", CLEANING, a_word("IDLE"), None, (MarkClean(),)),
    ("idle, clean, manual", {"manual": True}, a_word("IDLE"), None, ()),
    ("idle, failed", FAILED, a_word("IDLE"), None, (Restore(), MarkClean())),
    ("idle, dirty, reset", {**DIRTY, **VM}, a_word("IDLE"), None, (Reset(),)),
    ("idle, cleaning, reset", {**CLEANING, **VM}, a_word("IDLE"), None, (Reset(),)),
    ("idle, failed, reset", {**FAILED, **VM}, a_word("IDLE"), None, (Reset(),)),
    ("idle, clean, reset", VM, a_word("IDLE"), None, ()),
    ("untrusted without a machine to reset", {**DIRTY, "trusted": False}, a_word("IDLE"), None, (MarkClean(),)),
    ("building, clean", {}, a_word("BUILDING"), STRANGE, (Rescue(COOKIE, STRANGE), MarkDirty(), Abort())),
    ("building its own old job", {}, a_word("BUILDING"), None, (MarkDirty(), Abort())),
    ("building, dirty", DIRTY, a_word("BUILDING"), None, (Abort(),)),
    ("building, cleaning", CLEANING, a_word("BUILDING"), STRANGE, (Abort(),)),
    ("building, cleaning for too long", LATE, a_word("BUILDING"), None,
     (FailBuilder(FailedBy.PROBE, NEVER_ENDS), Abort())),
    ("building, failed, cleaning for too long", {**FAILED, **LATE}, a_word("BUILDING"), None,
     (PostponeProbe(120.0, NEVER_ENDS), Abort())),
    ("building, dirty, reset", {**DIRTY, **VM}, a_word("BUILDING"), None, (Reset(),)),
    ("building, clean, reset", VM, a_word("BUILDING"), STRANGE, (Rescue(COOKIE, STRANGE), MarkDirty(), Reset())),
    ("waiting, clean", {}, a_word("WAITING", "OK"), STRANGE, (Rescue(COOKIE, STRANGE), MarkDirty(), Clean())),
    ("waiting, dirty", DIRTY, a_word("WAITING", "OK"), None, (Clean(),)),
    ("waiting, dirty, strange", DIRTY, a_word("WAITING", "OK"), STRANGE, (Rescue(COOKIE, STRANGE), Clean())),
    ("waiting, cleaning for too long", LATE, a_word("WAITING", "OK"), None,
     (FailBuilder(FailedBy.PROBE, NEVER_ENDS), Clean())),
    ("waiting, failed", FAILED, a_word("WAITING", "OK"), None, (Clean(),)),
    ("aborting, dirty", DIRTY, a_word("ABORTING"), None, (Abort(),)),
    ("aborting, cleaning", CLEANING, a_word("ABORTING"), None, ()),
    ("aborting, cleaning for too long", LATE, a_word("ABORTING"), None, (FailBuilder(FailedBy.PROBE, NEVER_ENDS),)),
    ("aborted, cleaning", CLEANING, a_word("ABORTED"), None, (Clean(),)),
    ("unknown, clean", {}, a_word("UNKNOWN", words="Dancing"), None, (FailBuilder(FailedBy.PROBE, UNKNOWN_WORD),)),
    ("unknown, failed", FAILED, a_word("UNKNOWN", words="Dancing"), None, (PostponeProbe(120.0, UNKNOWN_WORD),)),
]  # fmt: skip


class WithoutJobTests(SynchronousTestCase):
    def test_the_table(self):
        for name, facts, word, mismatch, actions in WITHOUT_JOB:
            found = decide(a_builder(**facts), Observation(word, None, mismatch), NOW, LIMITS)
            self.assertEqual((HEARD, *actions), found, name)

    def test_what_the_slave_says_of_itself_is_remembered(self):
        found = decide(a_builder(), Observation(a_word("IDLE", version="206"), INFO), NOW, LIMITS)
        self.assertEqual((Heard("206", ("binarypackage",)),), found)

    def test_a_slave_that_is_not_this_builders_fails_it(self):
        for info, reason in (
            (SlaveInfo("1.0", "amd64", ()), "Architecture tag mismatch: amd64 != i386"),
            (SlaveInfo("2.0", "i386", ()), "Protocol version mismatch: the slave speaks 2.0, the master 1.0"),
            (Silence("garbage: no XML"), "garbage: no XML"),
        ):
            found = decide(a_builder(**DIRTY), seen("IDLE", info=info), NOW, LIMITS)
            self.assertEqual(FailBuilder(FailedBy.PROBE, reason), found[-1])
            again = decide(a_builder(**FAILED), seen("IDLE", info=info), NOW, LIMITS)
            self.assertEqual(PostponeProbe(120.0, reason), again[-1])

    def test_a_slave_of_one_of_several_architectures_will_do(self):
        builder = a_builder(tags=frozenset({"i386", "lpia"}), **DIRTY)
        self.assertEqual((ASKED, MarkClean()), decide(builder, seen("IDLE", info=INFO), NOW, LIMITS))


COUNT = CountSilence(REFUSED.reason)
GIVEN_UP = "builder bob did not answer 5 scans in a row: (111, 'Connection refused')"
SILENT = [
    ("idle, clean", {}, (COUNT, FailBuilder(FailedBy.PROBE, REFUSED.reason))),
    ("idle, manual", {"manual": True}, (COUNT, FailBuilder(FailedBy.PROBE, REFUSED.reason))),
    ("failed", FAILED, (COUNT, PostponeProbe(120.0, REFUSED.reason))),
    ("cleaning", CLEANING, (COUNT, FailBuilder(FailedBy.PROBE, REFUSED.reason))),
    ("to be reset", {**DIRTY, **VM}, (COUNT, Reset())),
    ("failed, to be reset", {**FAILED, **VM}, (COUNT, Reset())),
    ("clean, could be reset", VM, (COUNT, FailBuilder(FailedBy.PROBE, REFUSED.reason))),
    ("building", {"job": a_job()}, (COUNT,)),
    ("building, 4 times", {"job": a_job(), "silent_scans": 3}, (COUNT,)),
    ("building, 5 times", {"job": a_job(), "silent_scans": 4}, (COUNT, Requeue(GIVEN_UP))),
    ("gathering, 5 times", {"job": a_job(state=BuildState.GATHERING), "silent_scans": 4}, (COUNT, Requeue(GIVEN_UP))),
    ("cancelling, 5 times", {"job": a_job(state=BuildState.CANCELLING), "silent_scans": 4},
     (COUNT, Conclude(BuildState.CANCELLED, fetch_log=False, package_spoke=False))),
    ("results landed", {"job": a_job(state=BuildState.GATHERING, landed=True)}, (Collect(()),)),
]  # fmt: skip


class SilentTests(SynchronousTestCase):
    def test_the_table(self):
        for name, facts, actions in SILENT:
            self.assertEqual(actions, decide(a_builder(**facts), Observation(REFUSED), NOW, LIMITS), name)

    def test_nobody_is_blamed_for_an_outage(self):
        for name, facts, actions in SILENT[:-1]:
            found = decide(a_builder(**facts), Observation(REFUSED, outage=True), NOW, LIMITS)
            self.assertEqual(actions[:1], found, name)

    def test_an_outage_undoes_the_marks_for_its_own_silence_only(self):
        for failed, undone in ((ago(30), (Restore(),)), (ago(600), ())):
            builder = a_builder(**FAILED, silent_since=ago(30), date_failed=failed)
            found = decide(builder, Observation(REFUSED, outage=True), NOW, LIMITS)
            self.assertEqual((*undone, COUNT), found)

    def test_probes_come_seldomer_and_seldomer(self):
        delays = [FIRST_PROBE]
        while delays[-1] < LAST_PROBE:
            delays.append(next_delay(delays[-1]))
        self.assertEqual([60, 120, 240, 480, 960, 1920, 3600], delays)
        self.assertEqual(FIRST_PROBE, next_delay(0.0))


class OutOfServiceTests(SynchronousTestCase):
    def test_the_slave_of_one_that_waits_for_an_operator_is_left_alone(self):
        for by in (FailedBy.LIMIT, FailedBy.OPERATOR):
            for word in (REFUSED, a_word("BUILDING"), a_word("WAITING", "OK"), a_word("IDLE")):
                builder = a_builder(builderok=False, failed_by=by, **DIRTY)
                self.assertEqual((), decide(builder, Observation(word), NOW, LIMITS))

    def test_its_job_is_freed_and_nobody_blamed(self):
        builder = a_builder(builderok=False, failed_by=FailedBy.OPERATOR, failnotes="smoke", job=a_job())
        found = decide(builder, seen("BUILDING"), NOW, LIMITS)
        self.assertEqual((Requeue("builder bob was failed: smoke", blamed=False),), found)

    def test_its_cancelled_job_ends(self):
        job = a_job(state=BuildState.CANCELLING)
        builder = a_builder(builderok=False, failed_by=FailedBy.OPERATOR, job=job)
        found = decide(builder, Observation(REFUSED), NOW, LIMITS)
        self.assertEqual((Conclude(BuildState.CANCELLED, fetch_log=False, package_spoke=False),), found)

    def test_results_that_have_landed_are_not_lost(self):
        job = a_job(state=BuildState.GATHERING, landed=True)
        builder = a_builder(builderok=False, failed_by=FailedBy.LIMIT, job=job)
        self.assertEqual((Collect(()),), decide(builder, Observation(REFUSED), NOW, LIMITS))


def times():
    return st.none() | st.integers(0, 200_000).map(ago)


def words():
    texts = st.text(max_size=20)
    statuses = st.builds(
        SlaveStatus,
        st.sampled_from(BuilderStatus),
        st.none() | st.sampled_from(SlaveVerdict),
        cookie=st.none() | st.sampled_from([COOKIE, "9-9"]) | texts,
        logtail=st.none() | texts,
        filemap=st.lists(st.tuples(texts, texts), max_size=2).map(tuple),
        dependencies=texts,
        words=texts,
    )
    return statuses | st.builds(Silence, texts, refused=st.booleans())


def jobs():
    return st.none() | st.builds(
        a_job,
        state=st.sampled_from([BuildState.BUILDING, BuildState.CANCELLING, BuildState.GATHERING]),
        started=st.integers(0, 200_000).map(ago),
        logtail=st.none() | st.text(max_size=20),
        tail_changed=times(),
        cancel_since=times(),
        private=st.booleans(),
        held_for=st.none() | st.just("closed"),
        accepted=st.booleans(),
        landed=st.booleans(),
    )


def builders():
    return st.builds(
        a_builder,
        trusted=st.booleans(),
        vm_host=st.none() | st.just("host"),
        builderok=st.booleans(),
        failed_by=st.none() | st.sampled_from(FailedBy),
        manual=st.booleans(),
        clean_status=st.sampled_from(CleanStatus),
        clean_since=times(),
        date_failed=times(),
        silent_since=times(),
        silent_scans=st.integers(0, 9),
        job=jobs(),
    )


def observations():
    info = st.none() | st.just(INFO) | st.just(Silence("no answer")) | st.just(SlaveInfo("0", "x", ()))
    return st.builds(Observation, words(), info, st.none() | st.just(STRANGE), st.booleans())


ERRANDS = Abort | Clean | Reset | Collect
ENDS = Conclude | Requeue


class PropertyTests(SynchronousTestCase):
    @given(builders(), observations())
    def test_every_fact_has_its_actions_and_each_its_sentence(self, builder, observed):
        actions = decide(builder, observed, NOW, LIMITS)
        self.assertLessEqual(sum(isinstance(action, ERRANDS | ENDS) for action in actions), 1)
        for action in actions:
            said = line(builder, action, observed)
            self.assertTrue(said is None or said[1])

    @given(builders(), observations())
    def test_only_a_slave_that_has_ended_is_cleaned_and_only_one_at_work_aborted(self, builder, observed):
        for action in decide(builder, observed, NOW, LIMITS):
            if isinstance(action, Clean):
                self.assertIn(observed.word.status, {BuilderStatus.WAITING, BuilderStatus.ABORTED})
            if isinstance(action, Abort):
                self.assertIn(observed.word.status, {BuilderStatus.BUILDING, BuilderStatus.ABORTING})

    @given(builders(), observations())
    def test_only_an_idle_slave_makes_a_builder_clean(self, builder, observed):
        actions = decide(builder, observed, NOW, LIMITS)
        if MarkClean() in actions:
            self.assertEqual((None, BuilderStatus.IDLE), (builder.job, observed.word.status))

    @given(builders().filter(lambda builder: builder.job is None), observations())
    def test_what_is_not_held_is_not_ended(self, builder, observed):
        actions = decide(builder, observed, NOW, LIMITS)
        self.assertFalse([action for action in actions if isinstance(action, ENDS | Collect)])

    @given(builders(), words())
    def test_an_outage_takes_nothing_from_anybody(self, builder, word):
        if isinstance(word, Silence) and (builder.builderok or builder.failed_by is FailedBy.PROBE):
            actions = decide(builder, Observation(word, outage=True), NOW, LIMITS)
            self.assertFalse([action for action in actions if isinstance(action, ENDS | FailBuilder | PostponeProbe)])
