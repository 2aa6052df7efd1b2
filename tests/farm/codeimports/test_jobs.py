"""What ought to happen to code imports, their jobs and their machines."""

from datetime import datetime, timedelta
from types import SimpleNamespace

import pytz
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.codeimports.jobs import (
    DEFAULT_POLICY,
    Aftermath,
    Answer,
    ImportFacts,
    ImportPolicy,
    ImportRefusedError,
    NoSuchMachineError,
    Waiting,
    aftermath,
    answer,
    check_machine,
    check_review,
    configured_policy,
    first_due,
    log_excerpt,
    silent_since,
    urgency,
)
from buildmaster.farm.codeimports.states import ImportResult, MachineState, RcsType, ReviewStatus

NOW = datetime(2008, 6, 4, 12, tzinfo=pytz.UTC)
START = NOW - timedelta(minutes=10)
HOURS = timedelta(hours=1)


def an_import(rcs_type=RcsType.GIT, status=ReviewStatus.REVIEWED, interval=None, failures=0):
    return ImportFacts(1, "trunk", rcs_type, "https://example.org/trunk", "", status, interval, failures)


def after(result, code_import):
    return aftermath(code_import, result, START, DEFAULT_POLICY, NOW)


class AftermathTests(SynchronousTestCase):
    def test_a_success_is_followed_by_a_run_one_interval_after_its_start(self):
        wanted = Aftermath(ReviewStatus.REVIEWED, 0, succeeded=True, date_due=START + 6 * HOURS)
        self.assertEqual(wanted, after(ImportResult.SUCCESS, an_import(failures=4)))

    def test_the_import_s_own_interval_wins(self):
        self.assertEqual(START + HOURS, after(ImportResult.SUCCESS, an_import(interval=3600.0)).date_due)

    def test_each_failure_in_a_row_doubles_the_interval(self):
        for failures, hours in ((0, 24), (1, 48), (2, 96), (3, 192)):
            cvs = an_import(RcsType.CVS, failures=failures)
            wanted = Aftermath(ReviewStatus.REVIEWED, failures + 1, succeeded=False, date_due=START + hours * HOURS)
            self.assertEqual(wanted, after(ImportResult.CHECKOUT_FAILURE, cvs))

    def test_the_fifth_failure_in_a_row_sets_the_import_aside(self):
        wanted = Aftermath(ReviewStatus.FAILING, 5, succeeded=False, date_due=None)
        self.assertEqual(wanted, after(ImportResult.FAILURE, an_import(failures=4)))

    def test_a_reclaimed_or_killed_job_is_due_at_once_and_blames_nobody(self):
        wanted = Aftermath(ReviewStatus.REVIEWED, 4, succeeded=False, date_due=NOW)
        for result in (ImportResult.RECLAIMED, ImportResult.KILLED):
            self.assertEqual(wanted, after(result, an_import(failures=4)))

    def test_an_import_that_is_no_longer_reviewed_gets_no_job(self):
        for status in set(ReviewStatus) - {ReviewStatus.REVIEWED}:
            for result in ImportResult:
                self.assertIsNone(after(result, an_import(status=status)).date_due)

    @given(st.sampled_from(ImportResult), st.integers(0, 4), st.floats(0, 1e6))
    def test_only_a_failing_import_loses_its_job(self, result, failures, interval):
        decided = after(result, an_import(failures=failures, interval=interval))
        self.assertEqual(decided.date_due is None, decided.review_status is ReviewStatus.FAILING)


class DueTests(SynchronousTestCase):
    def test_an_import_that_never_ran_is_due_now(self):
        self.assertEqual(NOW, first_due(an_import(), DEFAULT_POLICY, None, NOW))

    def test_one_that_ran_is_due_an_interval_later(self):
        self.assertEqual(START + 6 * HOURS, first_due(an_import(), DEFAULT_POLICY, START, NOW))

    def test_one_that_ran_long_ago_is_due_now(self):
        self.assertEqual(NOW, first_due(an_import(), DEFAULT_POLICY, NOW - 9 * HOURS, NOW))

    def test_requested_jobs_come_first_then_the_most_overdue(self):
        late, later, asked = Waiting(1, NOW, False), Waiting(2, NOW - HOURS, False), Waiting(3, NOW, True)
        self.assertEqual([asked, later, late], sorted([late, later, asked], key=urgency))


class MachineTests(SynchronousTestCase):
    def test_what_a_machine_that_asks_is_told(self):
        for state, running, wanted in (
            (MachineState.ONLINE, 0, Answer.LOOK),
            (MachineState.ONLINE, 9, Answer.LOOK),
            (MachineState.ONLINE, 10, Answer.NOTHING),
            (MachineState.OFFLINE, 0, Answer.NOTHING),
            (MachineState.QUIESCING, 1, Answer.NOTHING),
            (MachineState.QUIESCING, 0, Answer.QUIESCED),
        ):
            self.assertEqual(wanted, answer(state, running, DEFAULT_POLICY))

    def test_what_a_machine_may_become(self):
        off, on, quiescing = MachineState.OFFLINE, MachineState.ONLINE, MachineState.QUIESCING
        allowed = {(off, on), (quiescing, on), (on, off), (quiescing, off), (on, quiescing)}
        for old in MachineState:
            for new in MachineState:
                if (old, new) in allowed:
                    check_machine("box", old, new)
                else:
                    error = self.assertRaises(ImportRefusedError, check_machine, "box", old, new)
                    self.assertEqual(f"State of machine box was {old.name}.", str(error))

    def test_a_machine_is_silent_after_five_minutes(self):
        self.assertEqual(NOW - timedelta(seconds=300), silent_since(DEFAULT_POLICY, NOW))


class ReviewTests(SynchronousTestCase):
    def test_a_review_must_change_something(self):
        error = self.assertRaises(ImportRefusedError, check_review, ReviewStatus.INVALID, ReviewStatus.INVALID)
        self.assertEqual("Review status is already invalid.", str(error))

    def test_people_approve_suspend_and_invalidate(self):
        for new in ReviewStatus:
            if new in {ReviewStatus.NEW, ReviewStatus.FAILING}:
                self.assertRaises(ImportRefusedError, check_review, ReviewStatus.SUSPENDED, new)
            else:
                check_review(ReviewStatus.FAILING, new)


class ExcerptTests(SynchronousTestCase):
    def test_the_end_of_a_log_is_kept(self):
        self.assertEqual("b" * 2048, log_excerpt("a" + "b" * 2048))

    @given(st.text())
    def test_an_excerpt_can_be_stored(self, log):
        excerpt = log_excerpt(log)
        self.assertNotIn("\0", excerpt)
        self.assertLessEqual(len(excerpt.encode()), 2048)


class PolicyTests(SynchronousTestCase):
    def test_the_settings_make_the_policy(self):
        settings = SimpleNamespace(
            auto_create_machines=True,
            default_interval=1.0,
            default_interval_cvs=2.0,
            default_interval_subversion=3.0,
            consecutive_failure_limit=4,
            max_jobs_per_machine=5,
            maximum_heartbeat_interval=6.0,
        )
        intervals = {RcsType.CVS: 2.0, RcsType.SVN: 3.0, RcsType.GIT: 1.0, RcsType.HG: 1.0, RcsType.BZR: 1.0}
        expected = ImportPolicy(intervals, 4, 5, 6.0, True, ("root@example.org",))
        self.assertEqual(expected, configured_policy(settings, ("root@example.org",)))


class WordsTests(SynchronousTestCase):
    def test_a_machine_that_is_not_there_is_named(self):
        self.assertEqual("No such code import machine: box", str(NoSuchMachineError("box")))

    def test_a_review_that_nobody_makes_is_named(self):
        for new, reason in (
            (ReviewStatus.FAILING, "Nobody reviews an import as failing."),
            (ReviewStatus.REVIEWED, "Review status is already reviewed."),
        ):
            error = self.assertRaises(ImportRefusedError, check_review, ReviewStatus.REVIEWED, new)
            self.assertEqual(reason, str(error))

    def test_an_excerpt_has_no_nul_no_half_letter_and_no_surrogate(self):
        self.assertEqual("ab", log_excerpt("a\0b"))
        self.assertEqual("a?b", log_excerpt("a\udce4b"))
        self.assertEqual("é" * 1023 + "x", log_excerpt("é" * 2000 + "x"))
