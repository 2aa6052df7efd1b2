"""What is done about a builder that holds a job."""

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.builders.actions import (
    Abort,
    Adopt,
    Collect,
    Conclude,
    FailBuilder,
    Heard,
    Hold,
    Requeue,
    SaveLogTail,
)
from buildmaster.farm.builders.facts import Observation
from buildmaster.farm.builders.runningjobs import OUT_OF_ORDER, TERMINATING, hours
from buildmaster.farm.builders.scanning import decide
from buildmaster.farm.builders.states import CleanStatus, FailedBy
from buildmaster.farm.vocabulary.archives import Pocket, Purpose, SeriesStatus
from buildmaster.farm.vocabulary.states import BuildState
from tests.support.facts import LIMITS, NOW, a_builder, a_job, a_word, ago

S = BuildState
FILES = (("pmount_0.1-1_i386.changes", "1" * 40),)
VM = {"trusted": False, "vm_host": "bob.ppa"}
FORGOT = (
    "Builder http://bob:8221/ forgot about build i386 build of pmount 0.1-1 in ubuntu hoary RELEASE"
    " -- resetting buildqueue record"
)
UNCALLED = "builder bob aborted the build uncalled"
UNKNOWN_WORD = "Unknown status code (Dancing) returned from status() probe."
CANCELLED = Conclude(S.CANCELLED, package_spoke=False)
GONE = Conclude(S.CANCELLED, fetch_log=False, package_spoke=False)
LOST = Requeue("builder bob lost the results of the build")
NEVER_ENDS = "its slave did not end its build 180 s after it was told to"
TOO_LONG = Conclude(S.FAILEDTOBUILD, failure="the build took longer than 24 h", package_spoke=False)
ENDLESS = Requeue("builder bob aborts the build, uncalled, and does not come to an end")
CLOSED = {"series_status": SeriesStatus.CURRENT}
ILLEGAL = "i386 build of pmount 0.1-1 in ubuntu hoary RELEASE (8) can not be built for pocket RELEASE: illegal status"

BUILDING = [
    ("forgotten", {}, a_word("IDLE"), (Requeue(FORGOT),)),
    ("never accepted", {"accepted": False}, a_word("IDLE"),
     (Requeue("the dispatch to builder bob was interrupted", blamed=False),)),
    ("unknown", {}, a_word("UNKNOWN", words="Dancing"),
     (Requeue(UNKNOWN_WORD, fetch_log=True), FailBuilder(FailedBy.PROBE, UNKNOWN_WORD))),
    ("another job", {}, a_word("BUILDING", cookie="7-1"),
     (Requeue("builder bob has 7-1 instead: Job build entry mismatch"),)),
    ("another job ended", {}, a_word("WAITING", "OK", cookie="7-1"),
     (Requeue("builder bob has 7-1 instead: Job build entry mismatch"),)),
    ("no cookie", {}, a_word("BUILDING", cookie=None),
     (Requeue("builder bob has a job without a name instead: Job build entry mismatch"),)),
    ("accepted unnoticed", {"accepted": False}, a_word("BUILDING"), (Adopt(),)),
    ("ended unnoticed", {"accepted": False}, a_word("WAITING", "OK", filemap=FILES), (Adopt(), Collect(FILES))),
    ("log", {}, a_word("BUILDING", logtail="This is a build log"), (SaveLogTail("This is a build log"),)),
    ("same log", {"logtail": "x", "tail_changed": ago(10800)}, a_word("BUILDING", logtail="x"), ()),
    ("no log said", {"logtail": "x", "tail_changed": ago(99999)}, a_word("BUILDING"), ()),
    ("empty log", {"logtail": "", "started": ago(600)}, a_word("BUILDING", logtail=""), ()),
    ("empty log for long", {"logtail": "", "started": ago(601)}, a_word("BUILDING", logtail=""),
     (Requeue("builder bob has an empty log for longer than 10 min"),)),
    ("empty log, the archive's limit", {"started": ago(61), "empty_log_limit": 60.0}, a_word("BUILDING", logtail=""),
     (Requeue("builder bob has an empty log for longer than 1 min"),)),
    ("silent log", {"logtail": "x", "tail_changed": ago(10801)}, a_word("BUILDING", logtail="x"),
     (Requeue("the build's log did not change for longer than 3 h", fetch_log=True),)),
    ("silent log, the archive's limit", {"logtail": "x", "tail_changed": ago(91), "silence_limit": 90.0},
     a_word("BUILDING", logtail="x"),
     (Requeue("the build's log did not change for longer than 90 s", fetch_log=True),)),
    ("too long", {"started": ago(86401)}, a_word("BUILDING", logtail="x"), (TOO_LONG,)),
    ("as long as the archive allows", {"started": ago(86401), "build_limit": 90000.0},
     a_word("BUILDING", logtail="x"), (SaveLogTail("x"),)),
    ("aborting", {}, a_word("ABORTING"), (SaveLogTail(TERMINATING),)),
    ("aborting for long", {"logtail": TERMINATING, "tail_changed": ago(181)}, a_word("ABORTING"), (ENDLESS,)),
    ("aborted", {}, a_word("ABORTED"), (Requeue(UNCALLED, fetch_log=True),)),
    ("OK", {}, a_word("WAITING", "OK", filemap=FILES), (Collect(FILES),)),
    ("PACKAGEFAIL", {}, a_word("WAITING", "PACKAGEFAIL"),
     (Conclude(S.FAILEDTOBUILD, failure="the package failed to build"),)),
    ("DEPFAIL", {}, a_word("WAITING", "DEPFAIL", dependencies="baz (>= 1.0.1)"),
     (Conclude(S.MANUALDEPWAIT, dependencies="baz (>= 1.0.1)"),)),
    ("CHROOTFAIL", {}, a_word("WAITING", "CHROOTFAIL"),
     (Conclude(S.CHROOTWAIT, failure="the chroot could not be set up", package_spoke=False),)),
    ("GIVENBACK", {}, a_word("WAITING", "GIVENBACK"),
     (Requeue("builder bob gave the build back", fetch_log=True, zero_score=True),)),
    ("BUILDERFAIL", {}, a_word("WAITING", "BUILDERFAIL"),
     (Requeue(OUT_OF_ORDER, fetch_log=True), FailBuilder(FailedBy.LIMIT, OUT_OF_ORDER))),
    ("ABORTED", {}, a_word("WAITING", "ABORTED"), (Requeue(UNCALLED, fetch_log=True),)),
    ("UNKNOWN", {}, a_word("WAITING", "UNKNOWN", words="BuildStatus.TIRED"),
     (Requeue("builder bob ended the build with the unknown word 'BuildStatus.TIRED'", fetch_log=True),)),
    ("no verdict", {}, a_word("WAITING"),
     (Requeue("builder bob ended the build with the unknown word ''", fetch_log=True),)),
    ("closed pocket", CLOSED, a_word("WAITING", "OK"), (Hold(ILLEGAL),)),
    ("held", {**CLOSED, "held_for": "closed"}, a_word("WAITING", "OK"), ()),
    ("failed in a closed pocket", CLOSED, a_word("WAITING", "PACKAGEFAIL"),
     (Conclude(S.FAILEDTOBUILD, failure="the package failed to build"),)),
    ("closed pocket of a PPA", {**CLOSED, "purpose": Purpose.PPA}, a_word("WAITING", "OK"), (Collect(()),)),
    ("closed pocket of a partner", {**CLOSED, "purpose": Purpose.PARTNER}, a_word("WAITING", "OK"), (Collect(()),)),
    ("security of a stable series", {**CLOSED, "pocket": Pocket.SECURITY}, a_word("WAITING", "OK"), (Collect(()),)),
    ("opened again, automatic again", {"held_for": "closed"}, a_word("WAITING", "OK"), (Collect(()),)),
]  # fmt: skip

CANCELLING = [
    ("building", {}, a_word("BUILDING", logtail="x"), (Abort(), SaveLogTail(TERMINATING))),
    ("told before", {"cancel_since": ago(9), "logtail": TERMINATING}, a_word("BUILDING"), (Abort(),)),
    ("aborting by itself", {}, a_word("ABORTING"), (Abort(), SaveLogTail(TERMINATING))),
    ("aborting", {"cancel_since": ago(9), "logtail": TERMINATING}, a_word("ABORTING"), ()),
    ("aborting for long", {"cancel_since": ago(181)}, a_word("ABORTING"),
     (CANCELLED, FailBuilder(FailedBy.PROBE, NEVER_ENDS))),
    ("building on for long", {"cancel_since": ago(181)}, a_word("BUILDING"),
     (CANCELLED, FailBuilder(FailedBy.PROBE, NEVER_ENDS))),
    ("aborted", {}, a_word("ABORTED"), (CANCELLED,)),
    ("finished first", {}, a_word("WAITING", "OK", filemap=FILES), (CANCELLED,)),
    ("failed first", {}, a_word("WAITING", "PACKAGEFAIL"), (CANCELLED,)),
    ("forgotten", {}, a_word("IDLE"), (GONE,)),
    ("another job", {}, a_word("BUILDING", cookie="7-1"), (GONE,)),
    ("unknown", {}, a_word("UNKNOWN", words="Dancing"), (GONE,)),
]  # fmt: skip

GATHERING = [
    ("still there", {}, a_word("WAITING", "OK", filemap=FILES), (Collect(FILES),)),
    ("landed", {"landed": True}, a_word("IDLE"), (Collect(()),)),
    ("cleaned by somebody", {}, a_word("IDLE"), (LOST,)),
    ("another verdict", {}, a_word("WAITING", "PACKAGEFAIL"), (LOST,)),
    ("another job", {}, a_word("WAITING", "OK", cookie="7-1"), (LOST,)),
    ("unknown", {}, a_word("UNKNOWN", words="Dancing"), (LOST,)),
]  # fmt: skip


class FollowingTests(SynchronousTestCase):
    def check(self, state, rows):
        for name, facts, word, actions in rows:
            builder = a_builder(clean_status=CleanStatus.DIRTY, job=a_job(state=state, **facts))
            found = decide(builder, Observation(word), NOW, LIMITS)
            self.assertEqual((Heard(), *actions), found, name)

    def test_a_job_that_is_built(self):
        self.check(S.BUILDING, BUILDING)

    def test_a_job_that_is_cancelled(self):
        self.check(S.CANCELLING, CANCELLING)

    def test_a_job_whose_results_are_fetched(self):
        self.check(S.GATHERING, GATHERING)

    def test_what_is_held_waits_while_its_builder_is_manual(self):
        builder = a_builder(manual=True, job=a_job(held_for="closed"))
        self.assertEqual((Heard(),), decide(builder, Observation(a_word("WAITING", "OK")), NOW, LIMITS))

    def test_a_manual_builder_goes_on_with_its_job(self):
        builder = a_builder(manual=True, job=a_job())
        found = decide(builder, Observation(a_word("WAITING", "OK", filemap=FILES)), NOW, LIMITS)
        self.assertEqual((Heard(), Collect(FILES)), found)

    def test_the_reason_of_a_strange_cookie_is_told(self):
        reason = "The object Build by the ID 1000 does not exist"
        seen = Observation(a_word("BUILDING", cookie="1000-10000"), None, reason)
        found = decide(a_builder(job=a_job()), seen, NOW, LIMITS)
        self.assertEqual((Heard(), Requeue(f"builder bob has 1000-10000 instead: {reason}")), found)

    def test_a_machine_that_is_reset_is_not_failed_for_a_build_that_does_not_end(self):
        job = a_job(state=S.CANCELLING, cancel_since=ago(181))
        found = decide(a_builder(job=job, **VM), Observation(a_word("ABORTING")), NOW, LIMITS)
        self.assertEqual((Heard(), CANCELLED), found)

    def test_a_private_tail_loses_its_first_line_and_is_the_same_while_nothing_is_written(self):
        tail = "p:w@host/\nmake\n"
        job = a_job(private=True)
        found = decide(a_builder(job=job), Observation(a_word("BUILDING", logtail=tail)), NOW, LIMITS)
        self.assertEqual((Heard(), SaveLogTail("make\n")), found)
        job = a_job(private=True, logtail="make\n", tail_changed=ago(10801))
        found = decide(a_builder(job=job), Observation(a_word("BUILDING", logtail=tail)), NOW, LIMITS)
        self.assertEqual(Requeue("the build's log did not change for longer than 3 h", fetch_log=True), found[-1])

    def test_a_private_log_of_one_line_is_not_an_empty_log(self):
        job = a_job(private=True, started=ago(700))
        found = decide(a_builder(job=job), Observation(a_word("BUILDING", logtail="make")), NOW, LIMITS)
        self.assertEqual((Heard(), SaveLogTail("")), found)

    def test_that_a_private_build_is_aborted_may_be_told(self):
        job = a_job(private=True, state=S.CANCELLING)
        found = decide(a_builder(job=job), Observation(a_word("BUILDING")), NOW, LIMITS)
        self.assertEqual((Heard(), Abort(), SaveLogTail(TERMINATING)), found)

    def test_limits_are_told_in_the_largest_whole_unit(self):
        self.assertEqual(["24 h", "90 min", "90 s", "0.5 s"], [hours(s) for s in (86400.0, 5400.0, 90.0, 0.5)])
