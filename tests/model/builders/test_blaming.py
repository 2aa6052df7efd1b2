"""Jobs go back to the queue: what is counted, who is found guilty, who is told."""

from datetime import timedelta

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.builders.blame import Verdict
from buildmaster.farm.builders.facts import BuilderFacts
from buildmaster.farm.builders.states import CleanStatus, FailedBy
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.builders.attempts import Setback, conclude
from buildmaster.model.builders.blaming import requeue
from buildmaster.model.tables.builders import Builder
from buildmaster.model.tables.builds import Attempt, Build
from tests.support.bothdatabases import OnPostgreSQL, OnSQLite
from tests.support.rows import NOW, a_builder, an_attempt

S = BuildState
LATER = NOW + timedelta(seconds=90)


class RequeueTests(OnSQLite, SynchronousTestCase):
    def requeue(self, reason="why", attempt_id=None, builder=None, **how):
        setback = Setback(reason, **how)
        return self.write(requeue, LATER, builder or self.bob, attempt_id or self.attempt_id, setback, self.told)

    def fail_on(self, builder_id, reason="why"):
        """Let the build be tried again, on this builder, and fail there."""

        def again(session):
            build = session.get(Build, self.build_id)
            number = len(build.attempts) + 1
            build.buildstate = S.BUILDING
            builder = session.get(Builder, builder_id)
            return an_attempt(session, build, builder, number=number, cookie=f"c{number}").id

        facts = BuilderFacts(builder_id, f"b{builder_id}", "http://b/")
        return self.requeue(reason, self.write(again), facts)

    def others(self, number):
        def add(session):
            processor = session.get(Build, self.build_id).processor
            return [a_builder(session, processors=[processor]).id for _ in range(number)]

        return self.write(add)

    def test_the_job_waits_again_and_shuns_the_builder(self):
        self.assertIs(Verdict.NOBODY, self.requeue())
        entry = self.entry()
        self.assertEqual((None, None, self.builder_id), (entry["builder_id"], entry["buildstart"], entry["shunned_id"]))
        self.assertEqual((S.NEEDSBUILD, 1), (self.build().buildstate, self.build().failure_count))
        attempt = self.attempt()
        self.assertEqual((S.NEEDSBUILD, "why", True, LATER),
                         (attempt.state, attempt.failure, attempt.blamed, attempt.finished))  # fmt: skip
        self.assertEqual((1, CleanStatus.DIRTY), (self.builder().failure_count, self.builder().clean_status))

    def test_who_is_not_blamed_is_not_counted_or_shunned(self):
        self.assertIs(Verdict.NOBODY, self.requeue(blamed=False))
        self.assertEqual((0, 0, None),
                         (self.build().failure_count, self.builder().failure_count, self.entry()["shunned_id"]))  # fmt: skip

    def test_a_build_given_back_has_no_score(self):
        self.write(lambda session: setattr(session.get(Build, self.build_id).entry, "lastscore", 500))
        self.requeue(zero_score=True)
        self.assertEqual(0, self.entry()["lastscore"])

    def test_late_is_too_late(self):
        self.requeue()
        self.assertIsNone(self.requeue())
        self.assertEqual(1, self.build().failure_count)

    def test_a_cancelled_build_is_cancelled(self):
        self.set(Build, self.build_id, buildstate=S.CANCELLING)
        self.assertIs(Verdict.NOBODY, self.requeue())
        self.assertEqual((S.CANCELLED, 0), (self.build().buildstate, self.builder().failure_count))

    def test_a_build_fails_on_its_third_builder_and_they_are_innocent(self):
        second, third, _ = self.others(3)
        self.requeue("one")
        self.assertIs(Verdict.NOBODY, self.fail_on(second, "two"))
        self.assertIs(Verdict.BUILD, self.fail_on(third, "three"))
        build = self.build()
        self.assertIs(S.FAILEDTOBUILD, build.buildstate)
        reasons = "attempt 1: one\nattempt 2: two\nattempt 3: three"
        self.assertTrue(build.failure.endswith(reasons), build.failure)
        self.assertEqual([(self.build_id, S.FAILEDTOBUILD)], self.told.builds)
        counts = self.read(lambda session: [row.failure_count for row in session.query(Builder)])
        self.assertEqual({0}, set(counts))
        self.assertIsNone(self.entry())

    def test_twice_on_one_builder_is_one_builder(self):
        second, _, _ = self.others(3)
        self.requeue()
        self.fail_on(second)
        self.assertIs(Verdict.NOBODY, self.fail_on(second))

    def test_a_build_that_few_can_take_fails_at_its_fifth_failure(self):
        self.requeue()
        verdicts = [self.fail_on(self.builder_id) for _ in range(4)]
        self.assertEqual([Verdict.NOBODY] * 3 + [Verdict.BUILD], verdicts)
        self.assertEqual((0, True), (self.builder().failure_count, self.builder().builderok))

    def test_a_builder_is_failed_at_its_fifth(self):
        self.others(3)
        self.set(Builder, self.builder_id, failure_count=4)
        self.assertIs(Verdict.BUILDER, self.requeue("smoke"))
        builder = self.builder()
        self.assertEqual((False, FailedBy.LIMIT, "5 failures in a row, the last: smoke"),
                         (builder.builderok, builder.failed_by, builder.failnotes))  # fmt: skip
        self.assertEqual(["bob is out of service"], self.told.warnings)
        self.assertIs(S.NEEDSBUILD, self.build().buildstate)

    def test_failures_before_a_retry_count_no_more(self):
        second, third, _ = self.others(3)
        self.requeue()
        self.fail_on(second)
        self.set(Build, self.build_id, failure_count=0)
        self.assertIs(Verdict.NOBODY, self.fail_on(third))
        self.assertIs(Verdict.NOBODY, self.fail_on(second))
        self.assertIs(Verdict.BUILD, self.fail_on(self.builder_id))

    def test_attempts_stay(self):
        self.requeue()
        self.fail_on(self.builder_id)
        rows = self.read(lambda session: [(a.number, a.failure) for a in session.query(Attempt).order_by(Attempt.id)])
        self.assertEqual([(1, "why"), (2, "why")], rows)

    def test_what_has_ended_is_not_given_back(self):
        self.write(lambda session: conclude(session, NOW, self.attempt_id, S.FAILEDTOBUILD))
        self.assertIsNone(self.requeue())


class PostgreSQLRequeueTests(OnPostgreSQL, RequeueTests):
    pass
